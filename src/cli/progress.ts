import { Presets, SingleBar } from 'cli-progress';
import type { ProgressDisplay } from '../sync/run-job.js';
import { formatCount, formatDuration } from './format.js';
import { createStepDisplay } from './step-progress.js';

/** How often a line is printed where there is no terminal. */
const lineEveryMs = 5000;

export interface ProgressOptions {
  stream: NodeJS.WriteStream;
  /** A bar that is redrawn in place; else a plain line every few seconds. */
  bar: boolean;
  /** Milliseconds of a monotonic clock. */
  now?: () => number;
}

/**
 * Progress of runs on standard error: rows, rate, and time left where the whole is known. A run that starts another one (the
 * night) leaves the display to it.
 */
export function createProgress({ stream, bar, now = () => performance.now() }: ProgressOptions): ProgressDisplay {
  const underWay = new Set<{ hasParts: boolean }>();
  return {
    start(title) {
      for (const whole of underWay) whole.hasParts = true;
      const run = { hasParts: false };
      underWay.add(run);
      const display = bar ? startBar(title, stream, now) : startLines(title, stream, now);
      const steps = createStepDisplay({ title, stream, bar, lineEveryMs, now });
      let hasSteps = false;
      return {
        expect: (rows) => display.expect(rows),
        advance(counts) {
          // A run that tells its steps shows its rows with them.
          if (!run.hasParts && !hasSteps) display.advance(counts);
        },
        step(step) {
          hasSteps = true;
          if (!run.hasParts) steps.step(step);
        },
        stop() {
          underWay.delete(run);
          display.stop();
          steps.stop();
        },
      };
    },
  };
}

type Started = ReturnType<ProgressDisplay['start']>;

const barWidth = 40;

function startBar(title: string, stream: NodeJS.WriteStream, now: () => number): Started {
  const begun = now();
  let expected = 0;
  let done = 0;
  const line = () => {
    const facts = `${rowsOf(done, expected)} | ${rate(done, now() - begun)} | ${timeLeft(done, expected, now() - begun)}`;
    // The number details don't tell how many there are: a bar would be made up.
    if (expected === 0) return `${title} ${facts}`;
    const share = Math.min(1, done / expected);
    const filled = Math.round(share * barWidth);
    return `${title} [${'■'.repeat(filled)}${' '.repeat(barWidth - filled)}] ${Math.floor(share * 100)} % | ${facts}`;
  };
  const single = new SingleBar({ stream, format: line, hideCursor: true, clearOnComplete: true }, Presets.rect);
  let shown = false;
  return {
    expect(rows) {
      expected = rows;
    },
    advance({ rowsRead }) {
      if (rowsRead === 0) return;
      done = rowsRead;
      if (!shown) single.start(1, 0);
      shown = true;
      single.update(0);
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
      stream.write(
        `${title}: ${rowsOf(rowsRead, expected)}, ${formatCount(pages)} pages, ${rate(rowsRead, elapsed)}, ${timeLeft(rowsRead, expected, elapsed)}\n`,
      );
    },
    stop() {},
  };
}

function rowsOf(rows: number, expected: number): string {
  return `${formatCount(rows)}${expected > 0 ? ` of ${formatCount(expected)}` : ''} rows`;
}

function rate(rows: number, elapsedMs: number): string {
  return `${formatCount(Math.round(rows / Math.max(0.001, elapsedMs / 1000)))} rows/s`;
}

function timeLeft(done: number, expected: number, elapsedMs: number): string {
  if (expected <= done || done === 0) return `${formatDuration(elapsedMs / 1000)} so far`;
  return `${formatDuration(((elapsedMs / done) * (expected - done)) / 1000)} left`;
}
