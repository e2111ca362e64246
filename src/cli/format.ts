import Table from 'cli-table3';

/** `1234567` as `1,234,567`. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}

/** Seconds as `0.4 s`, `12.3 s`, `4 min 5 s`, `2 h 3 min`, `3 d 4 h`. */
export function formatDuration(exactSeconds: number): string {
  const seconds = Math.round(exactSeconds * 10) / 10;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${Math.floor(seconds % 60)} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

export interface TableOptions {
  /** Indexes of columns that are aligned to the right, as numbers are. */
  right?: readonly number[];
}

/** A plain table: a header, a rule, and columns two spaces apart; wide characters are measured. */
export function formatTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  { right = [] }: TableOptions = {},
): string {
  const table = new Table({
    head: [...header],
    colAligns: header.map((_, index) => (right.includes(index) ? 'right' : 'left')),
    chars: { ...noBorders, mid: '─', 'mid-mid': '──' },
    style: { head: [], border: [], 'padding-left': 0, 'padding-right': 0 },
  });
  for (const row of rows) table.push([...row]);
  const lines = table.toString().split('\n');
  const kept: string[] = [];
  for (const [index, cells] of [header, ...rows].entries()) {
    kept.push(...lines.splice(0, Math.max(1, ...cells.map((cell) => cell.split('\n').length))));
    // cli-table3 rules off every row; only the header's rule is wanted.
    const rule = lines.splice(0, 1);
    if (index === 0) kept.push(...rule);
  }
  return kept.map((line) => line.trimEnd()).join('\n');
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
