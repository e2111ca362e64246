import stringWidth from 'string-width';
import { terminalSafe } from '../terminal-text.js';

export { formatCount, formatDuration } from '../format.js';

export interface TableOptions {
  /** Indexes of right-aligned columns. */
  right?: readonly number[];
}

/** Formats a plain table with a header, a rule, and columns two spaces apart. Handles wide characters and escapes unsafe ones. */
export function formatTable(
  titles: readonly string[],
  cells: readonly (readonly string[])[],
  { right = [] }: TableOptions = {},
): string {
  const [header = [], ...rows] = [titles, ...cells].map((row) => row.map((cell) => terminalSafe(cell).split('\n')));
  const widths = header.map(() => 0);
  for (const row of [header, ...rows]) {
    for (const [column, lines] of row.entries()) {
      for (const line of lines) widths[column] = Math.max(widths[column] ?? 0, stringWidth(line));
    }
  }
  const pad = (text: string, column: number) => {
    const gap = ' '.repeat((widths[column] ?? 0) - stringWidth(text));
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
