import { Presets, SingleBar } from 'cli-progress';
import type { ProgressDisplay } from '../sync/run-job.js';
import { formatCount, formatDuration } from './format.js';

/** How often a line is printed where there is no terminal. */
const lineEveryMs = 5000;

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  /** A bar that is redrawn in place; else a plain line every few seconds. */
  bar: boolean;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
}

/** Progress of runs on standard error: rows, rate, and time left where the whole is known. */
export function createProgress({ stream, bar, now = () => performance.now() }: ProgressOptions): ProgressDisplay {
  return { start: (title) => (bar ? startBar(title, stream, now) : startLines(title, stream, now)) };
}

type Started = ReturnType<ProgressDisplay['start']>;

function startBar(title: string, stream: NodeJS.WriteStream, now: () => number): Started {
  const begun = now();
  let expected = 0;
  const single = new SingleBar(
    {
      stream,
      format: `${title} [{bar}] {percentage} % | {rows} | {rate} | {left}`,
      hideCursor: true,
      clearOnComplete: true,
    },
    Presets.rect,
  );
  let shown = false;
  return {
    expect(rows) {
      expected = rows;
      if (shown) single.setTotal(rows);
    },
    advance({ rowsRead }) {
      if (rowsRead === 0) return;
      const total = Math.max(expected, rowsRead);
      if (!shown) {
        single.start(total, 0, { rows: '', rate: '', left: '' });
        shown = true;
      }
      single.setTotal(total);
      single.update(rowsRead, {
        rows: `${formatCount(rowsRead)}${expected > 0 ? ` of ${formatCount(expected)}` : ''} rows`,
        rate: rate(rowsRead, now() - begun),
        left: timeLeft(rowsRead, expected, now() - begun),
      });
    },
    stop() {
      if (shown) single.stop();
    },
  };
}

function startLines(title: string, stream: NodeJS.WriteStream, now: () => number): Started {
  const begun = now();
  let lastLine = begun;
  let expected = 0;
  return {
    expect(rows) {
      expected = rows;
    },
    advance({ rowsRead, pages }) {
      const time = now();
      if (time - lastLine < lineEveryMs) return;
      lastLine = time;
      const elapsed = time - begun;
      const of = expected > 0 ? ` of ${formatCount(expected)}` : '';
      stream.write(
        `${title}: ${formatCount(rowsRead)}${of} rows, ${formatCount(pages)} pages, ${rate(rowsRead, elapsed)}, ${timeLeft(rowsRead, expected, elapsed)}\n`,
      );
    },
    stop() {},
  };
}

function rate(rows: number, elapsedMs: number): string {
  return `${formatCount(Math.round(rows / Math.max(0.001, elapsedMs / 1000)))} rows/s`;
}

function timeLeft(done: number, expected: number, elapsedMs: number): string {
  if (expected <= done || done === 0) return `${formatDuration(elapsedMs / 1000)} so far`;
  return `${formatDuration(((elapsedMs / done) * (expected - done)) / 1000)} left`;
}
