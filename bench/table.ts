import { markdownTable } from '../scripts/markdown-table.js';
import { formatCount } from '../src/format.js';
import type { Measured } from './benchmark.js';
import type { Result } from './results.js';

/** Titles of the columns that `cellsOf` fills. */
export const titles = [
  'work',
  'size',
  'seconds',
  'µs each',
  'peak memory',
  'floor, seconds',
  'times the floor',
  'rival, seconds',
  'rival, memory',
  'times as fast as the rival',
];

/**
 * A result as cells of a table. Times are medians with the fastest and the slowest round; ratios are medians of the rounds' ratios, since
 * the contestants of a round ran one after the other.
 */
export function cellsOf({ work, size, unit, goals, ours, floor, rival }: Result): string[] {
  return [
    work,
    `${formatCount(size)} ${unit}`,
    seconds(ours),
    microseconds((median(ours.seconds) / size) * 1e6),
    megabytes(ours),
    seconds(floor),
    floor === undefined ? '–' : judged(ratio(ours, floor), '≤', goals.floor),
    seconds(rival),
    megabytes(rival),
    rival === undefined ? '–' : judged(ratio(rival, ours), '≥', goals.rival),
  ];
}

/** `bench/README.md`: all results, with where each was measured. */
export function resultsPage(results: readonly Result[]): string {
  const machines = [...new Set(results.map(({ machine }) => machine))];
  const rows = results.map((result) => {
    const machine = machines.length === 1 ? [] : [`machine ${machines.indexOf(result.machine) + 1}`];
    return [...cellsOf(result), [result.date, result.commit, ...machine].join(', ')];
  });
  return `# Benchmarks

\`npm run bench -- --write\` adds its results to this page, which is made from \`results.json\`; do not edit it. \`npm run bench -- --help\`
lists the options.

Each row compares the same work on the same machine: tn-ledger; a **floor**, the least that plain tools or the API's pace need for it;
and a **rival**, a program as a competent user would write it (\`rivals/\`). They run in turn, after a warm-up unless the API sets the pace.
Times are medians, with the fastest and the slowest round; a ratio is the median of the rounds' ratios. A rival that would take hours is
compared at a smaller size, in a row of its own. Memory is the peak of the process. A commit with \`+\` had changes that were not committed.

${machines.map((machine, index) => `${machines.length === 1 ? 'Machine' : `Machine ${index + 1}`}: ${machine}.`).join('\n')}

${markdownTable([...titles, 'measured'], rows)}
`;
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] as number) + (sorted[Math.ceil(middle)] as number)) / 2;
}

function ratio(over: Measured, under: Measured): number {
  return median(over.seconds.map((each, round) => each / (under.seconds[round] as number)));
}

function judged(value: number, sign: '≤' | '≥', goal: number | undefined): string {
  if (goal === undefined) return value.toFixed(2);
  const isMet = sign === '≤' ? value <= goal : value >= goal;
  return `${value.toFixed(2)} (goal ${sign} ${goal}${isMet ? '' : ', missed'})`;
}

function microseconds(each: number): string {
  return each < 100 ? each.toPrecision(3) : formatCount(Math.round(each));
}

function seconds(measured: Measured | undefined): string {
  if (measured === undefined) return '–';
  const [low, middle, high] = [Math.min(...measured.seconds), median(measured.seconds), Math.max(...measured.seconds)];
  const digits = middle < 10 ? 2 : 1;
  const text = middle.toFixed(digits);
  return low === high ? text : `${text} (${low.toFixed(digits)}–${high.toFixed(digits)})`;
}

function megabytes(measured: Measured | undefined): string {
  return measured?.peakBytes === undefined ? '–' : `${(measured.peakBytes / 1e6).toFixed(0)} MB`;
}
