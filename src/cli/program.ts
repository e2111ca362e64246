import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { exitStatus } from '../errors.js';
import { version } from '../version.js';
import * as assign from './assign.js';
import * as assignments from './assignments.js';
import * as audit from './audit.js';
import * as backup from './backup.js';
import * as billing from './billing.js';
import * as check from './check.js';
import * as classify from './classify.js';
import * as completion from './completion.js';
import * as db from './db.js';
import * as demo from './demo.js';
import * as enqueue from './enqueue.js';
import { printFailure } from './failure.js';
import * as files from './files.js';
import * as filing from './filing.js';
import * as idle from './idle.js';
import * as init from './init.js';
import * as migrate from './migrate.js';
import * as nruf from './nruf.js';
import * as number from './number.js';
import * as plan from './plan.js';
import * as prune from './prune.js';
import * as reconcile from './reconcile.js';
import * as report from './report.js';
import * as restore from './restore.js';
import * as rnd from './rnd.js';
import * as rollup from './rollup.js';
import * as run from './run.js';
import * as sandbox from './sandbox.js';
import * as schedule from './schedule.js';
import * as sql from './sql.js';
import * as status from './status.js';
import * as submit from './submit.js';
import * as tables from './tables.js';
import * as worker from './worker.js';

/** The commands in the order of `--help`. Each loads its dependencies only when it runs, so that help is fast. */
const commands = [
  demo,
  init,
  check,
  plan,
  migrate,
  run,
  schedule,
  worker,
  enqueue,
  submit,
  files,
  assign,
  reconcile,
  assignments,
  billing,
  rollup,
  idle,
  classify,
  number,
  nruf,
  filing,
  audit,
  rnd,
  status,
  report,
  backup,
  restore,
  prune,
  sql,
  tables,
  db,
  sandbox,
  completion,
];

/**
 * Builds the command line with all commands and options, without parsing arguments.
 *
 * @param writeError receives usage errors, with line breaks
 */
export function buildProgram(writeError: (text: string) => void = () => undefined): Command {
  const program = new Command('tn-ledger')
    .description(
      'Syncs a Bandwidth account into PostgreSQL every night: telephone numbers, orders, assignments and billing records.',
    )
    .version(version)
    .showHelpAfterError("(run 'tn-ledger <command> --help' for usage)")
    .showSuggestionAfterError()
    // Commands inherit this setting.
    .configureOutput({ writeErr: writeError })
    .exitOverride()
    .addHelpText(
      'after',
      `
Getting started:
  \`tn-ledger demo\` needs no configuration. To use your own account, set the credentials in the environment or in .env.
  Then run \`tn-ledger check\` to verify the setup, \`tn-ledger run nightly\` to load the account, and
  \`tn-ledger schedule\` to keep it up to date.

Exit status: 0 success, 1 failure, 2 invalid usage or configuration, 3 success with rejects, 4 job already running.`,
    );
  for (const { define } of commands) define(program.command.bind(program));
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(run 'tn-ledger ${command.name()} --help' for usage)`);
  return program;
}

/** Runs a command, prints its failure, and sets the exit status of the process. */
export async function runProgram(args: readonly string[]): Promise<void> {
  let usageErrors = '';
  const program = buildProgram((text) => {
    usageErrors += text;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) {
      // Commander has already printed help or the version.
      process.exitCode = exitStatus.done;
      return;
    }
    // Loaded late, so that help is fast.
    const { messagesWithoutSession } = await import('./messages.js');
    const printMessage = messagesWithoutSession({ env: process.env, cwd: process.cwd() });
    if (usageErrors !== '') printMessage('error', usageErrors.trimEnd());
    if (error instanceof CommanderError || error instanceof InvalidArgumentError) {
      process.exitCode = exitStatus.usage;
    } else {
      process.exitCode = printFailure(error, printMessage);
    }
  }
}
