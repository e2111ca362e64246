import Table from 'cli-table3';
import { terminalSafe } from '../terminal-text.js';

export { formatCount, formatDuration } from '../format.js';

export interface TableOptions {
  /** Indexes of columns that are aligned to the right, as numbers are. */
  right?: readonly number[];
}

/** cli-table3 compares each row with all before it: many at once take minutes. */
const rowsAtOnce = 200;

/** A plain table: a header, a rule, and columns two spaces apart; wide characters are measured, unsafe ones made visible. */
export function formatTable(
  titles: readonly string[],
  cells: readonly (readonly string[])[],
  { right = [] }: TableOptions = {},
): string {
  const header = titles.map(terminalSafe);
  const rows = cells.map((row) => row.map(terminalSafe));
  if (rows.length <= rowsAtOnce) return layOut(header, rows, { right }).join('\n');
  const widths = header.map((title, column) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[column] ?? '')), widthOf(title)),
  );
  const lines: string[] = [];
  for (let first = 0; first < rows.length; first += rowsAtOnce) {
    const piece = layOut(header, rows.slice(first, first + rowsAtOnce), { right, widths });
    for (const line of first === 0 ? piece : piece.slice(linesOf(header) + 1)) lines.push(line);
  }
  return lines.join('\n');
}

/** How many lines a row takes: as many as its cell of most lines. */
function linesOf(row: readonly string[]): number {
  return Math.max(1, ...row.map((cell) => cell.split('\n').length));
}

/** Columns that a text takes; of anything but plain characters by cli-table3's own measure, as long as the rule below it. */
function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return layOut([text], [['']], { right: [] })[linesOf([text])]?.length ?? 0;
}

/** The lines of a table: the header, the rule, and the rows. */
function layOut(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { right, widths }: { right: readonly number[]; widths?: readonly number[] },
): string[] {
  const table = new Table({
    head: [...header],
    ...(widths !== undefined && { colWidths: [...widths] }),
    colAligns: header.map((_, index) => (right.includes(index) ? 'right' : 'left')),
    chars: { ...noBorders, mid: '─', 'mid-mid': '──' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split('\n');
  const kept: string[] = [];
  for (const [index, cells] of [header, ...rows].entries()) {
    kept.push(...lines.splice(0, linesOf(cells)));
    // cli-table3 rules off every row; only the header's rule is wanted.
    const rule = lines.splice(0, 1);
    if (index === 0) kept.push(...rule);
  }
  return kept.map((line) => line.trimEnd());
}

const noBorders = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};
