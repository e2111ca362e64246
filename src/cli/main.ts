#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { exitStatus, messageOf } from '../errors.js';
import { version } from '../version.js';
import * as assign from './assign.js';
import * as assignments from './assignments.js';
import * as audit from './audit.js';
import * as billing from './billing.js';
import * as check from './check.js';
import * as classify from './classify.js';
import * as demo from './demo.js';
import { printFailure } from './failure.js';
import * as migrate from './migrate.js';
import * as nruf from './nruf.js';
import * as report from './report.js';
import * as run from './run.js';
import * as sandbox from './sandbox.js';
import * as schedule from './schedule.js';
import * as sql from './sql.js';
import * as status from './status.js';

/** The commands in the order of `--help`. Each loads what it works with when it is run, so that help answers at once. */
const commands = [
  demo,
  check,
  migrate,
  run,
  schedule,
  assign,
  assignments,
  billing,
  classify,
  nruf,
  audit,
  status,
  report,
  sql,
  sandbox,
];

function buildProgram(): Command {
  const program = new Command('tn-ledger')
    .description('A nightly ledger of the telephone numbers that a company holds at Bandwidth, in PostgreSQL.')
    .version(version)
    .showHelpAfterError('(tn-ledger <command> --help tells more)')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText(
      'after',
      `
Start with \`tn-ledger demo\`: it needs nothing. With credentials in the environment or in .env, \`tn-ledger check\`
says whether everything is in place, and \`tn-ledger run nightly\` brings the account in;
\`tn-ledger schedule\` stays up and does so every night.
Exit status: 0 done, 1 failed, 2 bad usage or configuration, 3 done with rejects, 4 the same job is running already.`,
    );
  for (const { define } of commands) define(program.command.bind(program));
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(tn-ledger ${command.name()} --help tells more)`);
  return program;
}

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
