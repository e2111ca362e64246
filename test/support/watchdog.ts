import { spawn } from 'node:child_process';
import type { Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import test, { registerCompletionHandler } from 'ava';

/** Waits until the process exits; after the given seconds, prints what the process has open and kills it. */
const watch = `
left=$2
while kill -0 "$1" 2>/dev/null; do
  if [ "$left" -le 0 ]; then
    echo "$3 does not end: process $1 is killed. It spins outside of its event loop, and has open:" >&2
    ls -l "/proc/$1/fd" 2>/dev/null | sed -n 's/.* \\([0-9]* ->\\)/  \\1/p' >&2
    kill -9 "$1"
    exit
  fi
  left=$((left - 1))
  sleep 1
done`;

/**
 * Ensures that a test process exits; ava loads this before each test file. A process that is still running some seconds
 * after its tests have ended prints what keeps it alive, and fails. If its event loop is blocked, as when Node.js spins
 * on exit, a shell outside the process does this instead.
 */
export default function watchOver(seconds: number): void {
  let isWatched = false;
  const watchFromOutside = () => {
    if (isWatched) return;
    isWatched = true;
    // A little longer than the process's own timeout.
    spawn(
      'sh',
      ['-c', watch, 'sh', String(process.pid), String(Math.ceil(seconds * 1.1) + 1), fileURLToPath(test.meta.file)],
      {
        cwd: '/',
        detached: true,
        stdio: ['ignore', 'ignore', 'inherit'],
      },
    ).unref();
  };
  registerCompletionHandler(() => {
    watchFromOutside();
    setTimeout(() => {
      process.stderr.write(
        `The tests have ended, but the process does not. What keeps it:\n${describeOpen().join('\n')}\n`,
      );
      process.exit(1);
    }, seconds * 1000).unref();
  });
  // A process that ended by a failure has not completed.
  process.on('exit', watchFromOutside);
}

function describeOpen(): string[] {
  // Undocumented, but says which socket or process it is, where the documented list has kinds only.
  const { _getActiveHandles: handles } = process as unknown as { _getActiveHandles?: () => object[] };
  return [
    ...process.getActiveResourcesInfo().map((kind) => `  ${kind}`),
    ...(handles?.() ?? []).map((handle) => `  ${handle.constructor.name} ${detailsOf(handle)}`),
  ];
}

function detailsOf(handle: Partial<Socket> & { spawnargs?: string[]; pid?: number }): string {
  if (handle.spawnargs !== undefined) return `${handle.pid}: ${handle.spawnargs.join(' ')}`;
  const { localPort, remoteAddress, remotePort } = handle;
  return localPort === undefined ? '' : `port ${localPort}, connected to ${remoteAddress}:${remotePort}`;
}
