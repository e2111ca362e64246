#!/usr/bin/env node
import { exitStatus, messageOf } from '../errors.js';
import { printFailure } from './failure.js';
import type { PrintMessage } from './messages.js';
import { runProgram } from './program.js';

// A closed pipe (`| head`) is not a failure. Any other error on standard output is, whatever the command's own result.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || process.listenerCount('exit', failAtExit) > 0) return;
  process.once('exit', failAtExit);
  void loadMessages().then((print) =>
    print('error', `Cannot write to standard output: ${messageOf(error)}. The output is incomplete.`),
  );
});
// A closed log must not stop a run.
process.stderr.on('error', () => undefined);
// Node.js would print both in its own format, whatever the format of the log.
process.on('uncaughtException', (error) => {
  void loadMessages().then((print) => process.exit(printFailure(error, print)));
});
process.removeAllListeners('warning').on('warning', ({ name, message }) => {
  void loadMessages().then((print) => print('warn', `${name}: ${message}`));
});

/** Loaded late, so that help is fast. */
async function loadMessages(): Promise<PrintMessage> {
  const { messagesWithoutSession } = await import('./messages.js');
  return messagesWithoutSession({ env: process.env, cwd: process.cwd() });
}

function failAtExit(): void {
  process.exitCode = exitStatus.failed;
}

await runProgram(process.argv.slice(2));
