import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';

const tmux = '/usr/bin/tmux';
export const hasTerminals = existsSync(tmux);

/** A command on a terminal of its own. */
export interface Terminal {
  /** Types text as a user does; `Enter`, `Tab` and `C-c` are keys. */
  type(...keys: string[]): Promise<void>;
  /** Waits until the lines on the screen match, and returns them. */
  shows(expected: RegExp): Promise<string>;
  /** The lines, including those that have scrolled away, without trailing spaces. */
  lines(): Promise<string[]>;
}

export interface TerminalOptions {
  columns: number;
  cwd: string;
  env: Readonly<Record<string, string>>;
}

const keyNames = /^(?:Enter|Tab|Up|C-[a-z])$/;

/** Starts a command under tmux. Its screen stays after its end, with `exit status N` below its output. */
export async function openTerminal(
  t: ExecutionContext,
  command: readonly string[],
  { columns, cwd, env }: TerminalOptions,
): Promise<Terminal> {
  const socket = `tn-ledger-test-${randomUUID()}`;
  const run = async (...args: string[]) =>
    (await promisify(execFile)(tmux, ['-L', socket, '-f', '/dev/null', ...args])).stdout;
  const quoted = command.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
  const settings = { PATH: process.env.PATH ?? '', HOME: cwd, LANG: 'C.UTF-8', ...env };
  t.teardown(() => run('kill-server'));
  await run(
    ...['new-session', '-d', '-x', String(columns), '-y', '50', '-c', cwd],
    ...Object.entries(settings).flatMap(([name, value]) => ['-e', `${name}=${value}`]),
    // Waits for a key that nobody presses, so that the screen stays.
    `${quoted}; echo "exit status $?"; read -r _`,
  );
  const lines = async () => {
    const text = await run('capture-pane', '-p', '-S', '-');
    return text
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd());
  };
  return {
    async type(...keys) {
      for (const key of keys) {
        if (keyNames.test(key)) await run('send-keys', key);
        // tmux takes a semicolon at the end for its own.
        else await run('send-keys', '-l', key.replace(/;$/, '\\;'));
      }
    },
    lines,
    async shows(expected) {
      for (;;) {
        const text = (await lines()).join('\n');
        if (expected.test(text)) return text;
        await delay(50);
      }
    },
  };
}
