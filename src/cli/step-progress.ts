import { Presets, SingleBar } from 'cli-progress';
import type { RunStep } from '../sync/run-record.js';
import { formatCount, formatDuration } from './format.js';

export interface StepDisplay {
  step(step: RunStep): void;
  stop(): void;
}

export interface StepOptions {
  title: string;
  stream: NodeJS.WriteStream;
  /** A line that is redrawn in place; else one every so many milliseconds. */
  bar: boolean;
  lineEveryMs: number;
  now: () => number;
}

/** Shows what a run is at where its work is no listing of rows: waiting, downloading (bytes, rate), loading (rows, rate). */
export function createStepDisplay({ title, stream, bar, lineEveryMs, now }: StepOptions): StepDisplay {
  let current: RunStep | undefined;
  let begun = now();
  let lastLine = begun;
  let single: SingleBar | undefined;
  const line = () => (current === undefined ? title : `${title}: ${describeStep(current, now() - begun)}`);
  return {
    step(step) {
      if (step.text !== current?.text) begun = now();
      current = step;
      if (bar) {
        if (single === undefined) {
          single = new SingleBar({ stream, format: line, hideCursor: true, clearOnComplete: true }, Presets.rect);
          single.start(1, 0);
        }
        single.update(0);
      } else if (now() - lastLine >= lineEveryMs) {
        lastLine = now();
        stream.write(`${line()}\n`);
      }
    },
    stop() {
      single?.stop();
      single = undefined;
    },
  };
}

function describeStep({ text, done }: RunStep, elapsedMs: number): string {
  if (done === undefined) return `${text}, ${formatDuration(elapsedMs / 1000)}`;
  const { count, of, unit } = done;
  const amount = unit === 'bytes' ? formatBytes : (rows: number) => formatCount(Math.round(rows));
  const perSecond = count / Math.max(0.001, elapsedMs / 1000);
  const whole =
    of === undefined || of === 0 ? '' : ` of ${amount(of)}, ${Math.min(100, Math.floor((count / of) * 100))} %`;
  const about = unit === 'rows' ? 'about ' : '';
  const suffix = unit === 'rows' ? ' rows' : '';
  return `${text}: ${about}${amount(count)}${whole}${suffix}, ${amount(perSecond)}${suffix}/s`;
}

function formatBytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
