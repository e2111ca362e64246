import { terminalSafe } from '../terminal-text.js';
import { textWidth } from '../text-width.js';

export { formatCount, formatDuration } from '../format.js';

export interface TableOptions {
  /** Indexes of right-aligned columns. */
  right?: readonly number[];
  /** Width of the table in columns, if the texts of its last column are to be wrapped to fit. */
  width?: number | undefined;
}

/** Formats a plain table with a header, a rule, and columns two spaces apart. Handles wide characters and escapes unsafe ones. */
export function formatTable(
  titles: readonly string[],
  cells: readonly (readonly string[])[],
  { right = [], width }: TableOptions = {},
): string {
  if (width !== undefined) return formatTable(titles, wrapLast(titles, cells, width), { right });
  const [header = [], ...rows] = [titles, ...cells].map((row) => row.map((cell) => terminalSafe(cell).split('\n')));
  const widths = header.map(() => 0);
  for (const row of [header, ...rows]) {
    for (const [column, lines] of row.entries()) {
      for (const line of lines) widths[column] = Math.max(widths[column] ?? 0, textWidth(line));
    }
  }
  const pad = (text: string, column: number) => {
    const gap = ' '.repeat((widths[column] ?? 0) - textWidth(text));
    return right.includes(column) ? gap + text : text + gap;
  };
  const layOut = (row: readonly string[][]) =>
    Array.from({ length: Math.max(1, ...row.map((lines) => lines.length)) }, (_, index) =>
      row
        .map((lines, column) => pad(lines[index] ?? '', column))
        .join('  ')
        .trimEnd(),
    );
  if (rows.length === 0) return layOut(header).join('\n');
  const rule = '─'.repeat(widths.reduce((sum, width) => sum + width + 2, -2));
  return [...layOut(header), rule, ...rows.flatMap(layOut)].join('\n');
}

/** Narrower texts are hard to read: then the terminal breaks the lines. */
const minWrapWidth = 20;

function wrapLast(
  titles: readonly string[],
  cells: readonly (readonly string[])[],
  width: number,
): readonly (readonly string[])[] {
  const widthOf = (column: number) =>
    Math.max(...[titles, ...cells].map((row) => textWidth(terminalSafe(row[column] ?? ''))));
  const last = titles.length - 1;
  const left = titles.slice(0, last).reduce((room, _, column) => room - widthOf(column) - 2, width);
  if (left < minWrapWidth) return cells;
  return cells.map((row) => [...row.slice(0, last), wrapText(row[last] ?? '', left)]);
}

/** Breaks a text at spaces so that its lines fit a width; longer words stay whole. */
function wrapText(text: string, width: number): string {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && textWidth(`${line} ${word}`) <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
