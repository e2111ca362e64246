import { spawn } from 'node:child_process';
import type { Account } from './account.js';

export interface ToolResult {
  /** Exit status; null if a signal ended it. */
  status: number | null;
  /** Standard output and standard error, interleaved. */
  output: string;
}

export interface ToolOptions {
  /** Runs under this account instead of this process's own. */
  account?: Account | undefined;
  /** Ends the tool (SIGTERM) and rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
}

/**
 * Environment of PostgreSQL's programs, which don't inherit ours: it may contain secrets, PG… variables would take
 * effect, and localized messages would be harder to search for.
 */
export const toolEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Runs a program until it exits. Its own session keeps Ctrl-C at the terminal from interrupting it. Its working
 * directory is /, because its account may not be able to enter the current one.
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
