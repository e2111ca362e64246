#!/usr/bin/env node
import { exitStatus, messageOf } from '../errors.js';
import { runProgram } from './program.js';

// A closed pipe (`| head`) is not a failure. Any other error on standard output is, whatever the command's own result.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || process.listenerCount('exit', failAtExit) > 0) return;
  process.stderr.write(`Cannot write to standard output: ${messageOf(error)}. The output is incomplete.\n`);
  process.once('exit', failAtExit);
});
// A closed log must not stop a run.
process.stderr.on('error', () => undefined);

function failAtExit(): void {
  process.exitCode = exitStatus.failed;
}

await runProgram(process.argv.slice(2));
