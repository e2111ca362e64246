import { styleText } from 'node:util';
import { toLedgerError } from '../../database/connect.js';
import { type ExitStatus, exitStatus, LedgerError } from '../../errors.js';
import { hasColors } from '../colors.js';
import { printResult } from '../print-result.js';
import type { Session } from '../session.js';

export type Verdict = { state: 'ok' | 'warning' | 'skipped'; text: string };

export const ok = (text: string): Verdict => ({ state: 'ok', text });
export const warning = (text: string): Verdict => ({ state: 'warning', text });
export const skipped = (text: string): Verdict => ({ state: 'skipped', text });

/** Runs checks and prints one line each. */
export interface CheckReport {
  /**
   * Runs a check. A check that throws has failed; the remaining checks still run.
   *
   * @returns whether the check passed
   */
  check(title: string, run: () => Verdict | Promise<Verdict>): Promise<boolean>;
  /** Prints the failed checks to standard error. */
  end(): ExitStatus;
}

const labelWidth = 'warning '.length;
const colors = { ok: 'green', warning: 'yellow', skipped: 'dim', failed: 'red' } as const;

export function createReport({
  signal,
  redact,
  printMessage,
}: Pick<Session, 'signal' | 'redact' | 'printMessage'>): CheckReport {
  const failed: string[] = [];
  let count = 0;
  let usage = false;
  const print = (state: keyof typeof colors, title: string, text: string) => {
    const label = state.padEnd(labelWidth);
    process.stdout.write(hasColors(process.stdout) ? styleText(colors[state], label) : label);
    printResult(redact(`${title}: ${text}`));
  };
  return {
    async check(title, run) {
      count += 1;
      try {
        const { state, text } = await run();
        print(state, title, text);
        return true;
      } catch (thrown) {
        signal.throwIfAborted();
        const error = thrown instanceof LedgerError ? thrown : toLedgerError(thrown, 'the database');
        failed.push(title);
        usage ||= error.exitStatus === exitStatus.usage;
        print('failed', title, inOneLine(error));
        return false;
      }
    },
    end() {
      if (failed.length === 0) return exitStatus.done;
      printMessage('error', `${failed.length} of ${count} checks failed: ${failed.join(', ')}.`);
      return usage ? exitStatus.usage : exitStatus.failed;
    },
  };
}

export function inOneLine({ message, hint }: LedgerError): string {
  if (hint === undefined) return message;
  return `${/[.!?]$/.test(message) ? message : `${message}.`} ${hint}`;
}
