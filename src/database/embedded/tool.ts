import { spawn } from 'node:child_process';
import type { Account } from './account.js';

export interface ToolResult {
  /** Exit status; null when a signal ended it. */
  status: number | null;
  /** Standard output and standard error, as they came. */
  output: string;
}

export interface ToolOptions {
  /** Runs under this account instead of our own. */
  account?: Account | undefined;
  /** Ends the tool (SIGTERM) and rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * What PostgreSQL's programs get to see of our environment: nothing. Secrets may be in it, PG… variables would be obeyed,
 * and messages in the operator's language would be harder to search for.
 */
export const toolEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Runs a program to its end in a session of its own, so that a Ctrl-C meant for the command at the terminal does not
 * end it half-way, and from /, because the current folder may be one that its account must not enter.
 */
export function runTool(file: string, args: string[], { account, signal }: ToolOptions = {}): Promise<ToolResult> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const child = spawn(file, args, {
      ...account,
      cwd: '/',
      env: toolEnvironment,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    const collect = (chunk: string) => {
      output += chunk;
    };
    child.stdout.setEncoding('utf8').on('data', collect);
    child.stderr.setEncoding('utf8').on('data', collect);
    const stop = () => child.kill();
    signal?.addEventListener('abort', stop, { once: true });
    child.once('error', (error) => {
      signal?.removeEventListener('abort', stop);
      reject(error);
    });
    child.once('close', (status) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) {
        reject(signal.reason);
      } else {
        resolve({ status, output });
      }
    });
  });
}
