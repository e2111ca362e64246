import { Presets, SingleBar } from 'cli-progress';
import type { ProgressDisplay } from '../sync/run-job.js';
import { formatCount, formatDuration } from './format.js';

/** How often a line is printed where there is no terminal. */
const lineEveryMs = 5000;

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  /** A bar that is redrawn in place; else a plain line every few seconds. */
  bar: boolean;
}

/** Progress of runs on standard error: rows, rate, and time left where the whole is known. */
export function createProgress({ stream, bar }: ProgressOptions): ProgressDisplay {
  return { start: (title) => (bar ? startBar(title, stream) : startLines(title, stream)) };
}

function startBar(title: string, stream: NodeJS.WriteStream): ReturnType<ProgressDisplay['start']> {
  let begun = 0;
  let expected = 0;
  const rate = (rows: number) =>
    `${formatCount(Math.round(rows / Math.max(0.001, (performance.now() - begun) / 1000)))} rows/s`;
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
        begun = performance.now();
        single.start(total, 0, { rows: '', rate: '', left: '' });
        shown = true;
      }
      single.setTotal(total);
      single.update(rowsRead, {
        rows: `${formatCount(rowsRead)}${expected > 0 ? ` of ${formatCount(expected)}` : ''} rows`,
        rate: rate(rowsRead),
        left: timeLeft(rowsRead, expected, performance.now() - begun),
      });
    },
    stop() {
      if (shown) single.stop();
    },
  };
}

function startLines(title: string, stream: NodeJS.WriteStream): ReturnType<ProgressDisplay['start']> {
  const begun = performance.now();
  let lastLine = begun;
  let expected = 0;
  return {
    expect(rows) {
      expected = rows;
    },
    advance({ rowsRead, pages }) {
      const now = performance.now();
      if (now - lastLine < lineEveryMs) return;
      lastLine = now;
      const of = expected > 0 ? ` of ${formatCount(expected)}` : '';
      stream.write(
        `${title}: ${formatCount(rowsRead)}${of} rows, ${pages} pages, ${timeLeft(rowsRead, expected, now - begun)}\n`,
      );
    },
    stop() {},
  };
}

function timeLeft(done: number, expected: number, elapsedMs: number): string {
  if (expected <= done || done === 0) return `${formatDuration(elapsedMs / 1000)} so far`;
  return `${formatDuration(((elapsedMs / done) * (expected - done)) / 1000)} left`;
}
