import { formatCount, formatMinute } from '../format.js';
import { type Html, html } from './html.js';

export interface Column<Row> {
  title: string;
  cell(row: Row): unknown;
  /** Aligned to the right. */
  numeric?: boolean;
}

export interface TableContent<Row> {
  /** Unique in the page. */
  id: string;
  caption: string;
  /** The first column is the row header. */
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  /** The total number of rows, and the SQL that returns them all; shown if `rows` has fewer. */
  all?: { count: number; sql: string };
}

/** An accessible table: it has header cells, scrolls by keyboard if it is too wide, and says how many rows are not shown. */
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
  return html`<p class="left-out">${formatCount(count)} more ${count === 1 ? 'row is' : 'rows are'} not shown. To list them all:</p>
${sqlText(sql)}`;
}

/** A time, kept on one line. */
export function timeHtml(time: Date): Html {
  return html`<time datetime="${time.toISOString()}">${formatMinute(time)}</time>`;
}

/** SQL for the reader to copy. */
export function sqlText(sql: string): Html {
  return html`<pre tabindex="0"><code>${sql}</code></pre>`;
}
