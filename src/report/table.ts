import { formatCount, formatMinute } from '../format.js';
import { type Html, html } from './html.js';

export interface Column<Row> {
  title: string;
  cell(row: Row): unknown;
  /** Aligned to the right, as numbers are. */
  numeric?: boolean;
}

export interface TableContent<Row> {
  /** Unique in the page. */
  id: string;
  caption: string;
  /** The first one heads its row. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** Where there are more rows than are shown: how many in all, and the SQL that shows them. */
  all?: { count: number; sql: string };
}

/** A table that is read out with its headings, can be scrolled by keyboard where it is too wide, and says what it leaves out. */
export function table<Row>({ id, caption, columns, rows, all }: TableContent<Row>): Html {
  const classOf = ({ numeric = false }: Column<Row>) => (numeric ? 'number' : 'text');
  const body = rows.map((row) => {
    const cells = columns.map((column, index) =>
      index === 0
        ? html`<th scope="row" class="${classOf(column)}">${column.cell(row)}</th>`
        : html`<td class="${classOf(column)}">${column.cell(row)}</td>`,
    );
    return html`<tr>${cells}</tr>\n`;
  });
  const heads = columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.title}</th>`);
  return html`<div class="scroll" role="region" aria-labelledby="${id}-caption" tabindex="0">
<table id="${id}">
<caption id="${id}-caption">${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}</tbody>
</table>
</div>
${all !== undefined && all.count > rows.length ? leftOut(all.count - rows.length, all.sql) : ''}`;
}

function leftOut(count: number, sql: string): Html {
  return html`<p class="left-out">${formatCount(count)} more ${count === 1 ? 'row is' : 'rows are'} left out here. This shows all of them:</p>
${sqlText(sql)}`;
}

/** A moment in a cell, which stays on one line. */
export function timeHtml(time: Date): Html {
  return html`<time datetime="${time.toISOString()}">${formatMinute(time)}</time>`;
}

/** SQL to be copied. */
export function sqlText(sql: string): Html {
  return html`<pre tabindex="0"><code>${sql}</code></pre>`;
}
