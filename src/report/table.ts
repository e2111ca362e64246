import { dayOf, daysBetween } from '../days.js';
import { formatCount, formatMinute } from '../format.js';
import { type Html, html } from './html.js';

/** The most rows that a table in the report has. */
export const mostRows = 25;
/** Tables with more rows are folded. */
const mostUnfolded = 10;

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
  /** The first column is the row header. Undefined columns are left out. */
  columns: readonly (Column<Row> | undefined)[];
  /** What matters most first; at most `mostRows` are shown. */
  rows: readonly Row[];
  /** The total number of rows, and the SQL that returns them all. Needed if there may be more than `mostRows`. */
  all?: { count: number; sql: string };
  /** Unfolded, even if it is long. */
  isOpen?: boolean;
}

/** An accessible table: it has header cells, scrolls by keyboard if it is too wide, is folded if it is long, and says how many rows are not shown. */
export function table<Row>({ id, caption, columns: given, rows, all, isOpen = false }: TableContent<Row>): Html {
  const columns = given.filter((column) => column !== undefined);
  const shown = rows.slice(0, mostRows);
  const count = all?.count ?? rows.length;
  if (all === undefined && count > mostRows)
    throw new RangeError(`The table ${id} has ${count} rows and no SQL for the rest`);
  const classOf = ({ numeric = false }: Column<Row>) => (numeric ? 'number' : 'text');
  const body = shown.map((row) => {
    const cells = columns.map((column, index) =>
      index === 0
        ? html`<th scope="row" class="${classOf(column)}">${column.cell(row)}</th>`
        : html`<td class="${classOf(column)}">${column.cell(row)}</td>`,
    );
    return html`<tr>${cells}</tr>\n`;
  });
  const heads = columns.map((column) => html`<th scope="col" class="${classOf(column)}">${column.title}</th>`);
  const content = html`<div class="scroll" role="region" aria-labelledby="${id}-caption" tabindex="0">
<table id="${id}">
<caption id="${id}-caption">${caption}</caption>
<thead><tr>${heads}</tr></thead>
<tbody>
${body}</tbody>
</table>
</div>
${all !== undefined && count > shown.length ? leftOut(count - shown.length, all.sql) : ''}`;
  if (shown.length <= mostUnfolded) return content;
  const size =
    count > shown.length ? `${formatCount(shown.length)} of ${formatCount(count)} rows` : `${formatCount(count)} rows`;
  return html`<details${isOpen ? html` open` : ''}><summary>${caption} (${size})</summary>
${content}</details>
`;
}

function leftOut(count: number, sql: string): Html {
  return html`<p class="left-out">${formatCount(count)} more ${count === 1 ? 'row is' : 'rows are'} not shown. To list them all:</p>
${sqlText(sql)}`;
}

/** A time, kept on one line. The page says once that all times are UTC. */
export function timeHtml(time: Date): Html {
  return html`<time datetime="${time.toISOString()}">${formatMinute(time).replace(/ UTC$/, '')}</time>`;
}

/** A time as a day, with its age in days. */
export function ageHtml(time: Date, day: string): Html {
  const days = daysBetween(dayOf(time), day);
  const age = days < 0 ? '' : html` <span class="age">${formatDays(days)}</span>`;
  return html`<time datetime="${time.toISOString()}">${dayOf(time)}</time>${age}`;
}

/** `today`, `1 day`, `12 days`. */
export function formatDays(days: number): string {
  return days === 0 ? 'today' : `${formatCount(days)} ${days === 1 ? 'day' : 'days'}`;
}

/** SQL for the reader to copy. */
export function sqlText(sql: string): Html {
  return html`<pre tabindex="0"><code>${sql}</code></pre>`;
}
