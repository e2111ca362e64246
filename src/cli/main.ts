#!/usr/bin/env node
import { CommanderError, InvalidArgumentError } from 'commander';
import { exitStatus, messageOf } from '../errors.js';
import { printFailure } from './failure.js';
import { buildProgram } from './program.js';

// A reader that has seen enough (`| head`) is no failure. Anything else that keeps results from being written is one, whatever
// the command makes of itself.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE' || process.listenerCount('exit', failAtExit) > 0) return;
  process.stderr.write(`Standard output could not be written: ${messageOf(error)}. What was printed is not all.\n`);
  process.once('exit', failAtExit);
});
// A log that nobody reads is no reason to end a run.
process.stderr.on('error', () => undefined);

function failAtExit(): void {
  process.exitCode = exitStatus.failed;
}

try {
  await buildProgram().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    // Commander has printed help, the version, or what is wrong with the usage.
    process.exitCode = error.exitCode === 0 ? exitStatus.done : exitStatus.usage;
  } else if (error instanceof InvalidArgumentError) {
    process.exitCode = exitStatus.usage;
  } else {
    process.exitCode = printFailure(error);
  }
}
