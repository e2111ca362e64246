import type { ProgressDisplay } from '../run/run-job.js';
import type { RunStep } from '../run/run-record.js';
import { terminalSafe } from '../terminal-text.js';
import { textWidth } from '../text-width.js';
import { formatCount, formatDuration } from './format.js';
import { createStatusLine, type StatusLine } from './status-line.js';

/** How often a line is printed if there is no terminal. */
const lineEveryMs = 5000;
const barWidth = { most: 40, least: 10 };

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  /** Draw a progress bar in place; otherwise print a line every few seconds. */
  bar: boolean;
  /** Prints a line of a run; by default, on the stream. */
  printLine?: (text: string, run: { job: string; account: string }) => void;
  /** The status line that shows the bar; belongs to `stream`. */
  statusLine?: StatusLine;
  /** How an account is shown; by default, its ID. */
  titleOf?: (account: string) => string;
  /** An account's rate limit in requests per minute, for the time left; by default, none. */
  limitOf?: (account: string) => number;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
}

/**
 * Shows the progress of runs on standard error, with one line per account: rows, rate, and time left if the total is
 * known, or the current step. While a run executes other runs (the nightly run), only those are shown.
 */
export function createProgress({
  stream,
  bar,
  printLine = (text) => void stream.write(`${text}\n`),
  statusLine = createStatusLine(stream),
  titleOf = (account) => account,
  limitOf = () => Number.POSITIVE_INFINITY,
  now = () => performance.now(),
}: ProgressOptions): ProgressDisplay {
  const active = new Set<{ account: string; hasParts: boolean }>();
  return {
    start({ job, account }) {
      const title = terminalSafe(`${job} ${titleOf(account)}`);
      const around = [...active].filter((other) => other.account === account);
      for (const whole of around) whole.hasParts = true;
      const run = { account, hasParts: false };
      active.add(run);
      // Until it has something to show: the account's line still shows the previous job.
      if (bar && around.length > 0) statusLine.show(account, () => title);
      const started = now();
      let lastLine = started;
      let expected = 0;
      let step: RunStep | undefined;
      let stepStarted = started;
      const display = (barText: () => string, lineText: () => string) => {
        if (run.hasParts) return;
        if (bar) {
          statusLine.show(account, barText);
        } else if (now() - lastLine >= lineEveryMs) {
          lastLine = now();
          printLine(lineText(), { job, account });
        }
      };
      return {
        expect(rows) {
          expected = rows;
        },
        advance({ rowsRead, pages }) {
          // A run that reports steps shows its rows with them.
          if (step !== undefined || (bar && rowsRead === 0)) return;
          const facts = () => {
            const elapsed = now() - started;
            return [
              rowsOf(rowsRead, expected),
              rate(rowsRead, elapsed),
              timeLeft({ rows: rowsRead, pages, expected, elapsedMs: elapsed, perMinute: limitOf(account) }),
            ] as const;
          };
          display(
            () => {
              const text = facts().join(' | ');
              const room = (stream.columns || 80) - textWidth(`${title} [] 100 % | ${text}`) - 1;
              return `${title} ${barOf(rowsRead, expected, room)}${text}`;
            },
            () => {
              const [rows, ...times] = facts();
              return `${title}: ${[rows, `${formatCount(pages)} pages`, ...times].join(', ')}`;
            },
          );
        },
        step(next) {
          if (next.text !== step?.text) stepStarted = now();
          step = next;
          const text = () => `${title}: ${terminalSafe(describeStep(next, now() - stepStarted))}`;
          display(text, text);
        },
        stop() {
          active.delete(run);
          // Otherwise the line stays where it is for the account's next job.
          if (bar && around.every((whole) => !active.has(whole))) statusLine.clear(account);
        },
      };
    },
  };
}

/** Empty if the total is unknown, as for number details. Without the bar itself if there is no room for it. */
function barOf(done: number, expected: number, room: number): string {
  if (expected === 0) return '';
  const share = Math.min(1, done / expected);
  const percent = `${Math.floor(share * 100)} % | `;
  const width = Math.min(barWidth.most, room);
  if (width < barWidth.least) return percent;
  const filled = Math.round(share * width);
  return `[${'■'.repeat(filled)}${' '.repeat(width - filled)}] ${percent}`;
}

function rowsOf(rows: number, expected: number): string {
  return `${formatCount(rows)}${expected > 0 ? ` of ${formatCount(expected)}` : ''} rows`;
}

function rate(rows: number, elapsedMs: number): string {
  return `${formatCount(Math.round(rows / Math.max(0.001, elapsedMs / 1000)))} rows/s`;
}

interface Pace {
  rows: number;
  /** Requests that read these rows. */
  pages: number;
  expected: number;
  elapsedMs: number;
  perMinute: number;
}

/**
 * The longer of two estimates: at the rate so far, and at the rate limit. The first minute's requests are sent as fast as they
 * are answered, so the rate so far promises too much as long as more requests remain than fit in a minute.
 */
function timeLeft({ rows, pages, expected, elapsedMs, perMinute }: Pace): string {
  if (expected <= rows || rows === 0) return `${formatDuration(elapsedMs / 1000)} so far`;
  const seconds = ((elapsedMs / rows) * (expected - rows)) / 1000;
  const requests = Math.ceil((pages / rows) * (expected - rows));
  const limited = requests > perMinute ? (requests / perMinute) * 60 : 0;
  if (limited <= seconds) return `${formatDuration(seconds)} left`;
  return `${formatDuration(limited)} left, limited by ${formatCount(perMinute)} requests/min`;
}

function describeStep({ text, done }: RunStep, elapsedMs: number): string {
  if (done === undefined) return `${text}, ${formatDuration(elapsedMs / 1000)}`;
  const { count, of, unit } = done;
  const amount = unit === 'bytes' ? formatBytes : (items: number) => formatCount(Math.round(items));
  const perSecond = count / Math.max(0.001, elapsedMs / 1000);
  const whole =
    of === undefined || of === 0 ? '' : ` of ${amount(of)}, ${Math.min(100, Math.floor((count / of) * 100))} %`;
  const about = unit === 'rows' ? 'about ' : '';
  const suffix = unit === 'bytes' ? '' : ` ${unit}`;
  return `${text}: ${about}${amount(count)}${whole}${suffix}, ${amount(perSecond)}${suffix}/s`;
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
