import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { exitStatus } from '../errors.js';
import { version } from '../version.js';
import type { DefineCommand } from './command.js';
import { printFailure } from './failure.js';

/** The commands in the order of `--help`. They load their dependencies only when they run, so that help is fast. */
const commands = {
  demo: () => import('./demo.js'),
  init: () => import('./init.js'),
  check: () => import('./check.js'),
  plan: () => import('./plan.js'),
  migrate: () => import('./migrate.js'),
  run: () => import('./run.js'),
  schedule: () => import('./schedule.js'),
  worker: () => import('./worker.js'),
  enqueue: () => import('./enqueue.js'),
  submit: () => import('./submit.js'),
  files: () => import('./files.js'),
  assign: () => import('./assign.js'),
  reconcile: () => import('./reconcile.js'),
  assignments: () => import('./assignments.js'),
  billing: () => import('./billing.js'),
  rollup: () => import('./rollup.js'),
  idle: () => import('./idle.js'),
  classify: () => import('./classify.js'),
  number: () => import('./number.js'),
  nruf: () => import('./nruf.js'),
  filing: () => import('./filing.js'),
  audit: () => import('./audit.js'),
  rnd: () => import('./rnd.js'),
  status: () => import('./status.js'),
  report: () => import('./report.js'),
  backup: () => import('./backup.js'),
  restore: () => import('./restore.js'),
  prune: () => import('./prune.js'),
  sql: () => import('./sql.js'),
  tables: () => import('./tables.js'),
  db: () => import('./db.js'),
  sandbox: () => import('./sandbox.js'),
  completion: () => import('./completion.js'),
} satisfies Record<string, () => Promise<{ define(command: DefineCommand): Command }>>;

type CommandName = keyof typeof commands;

const commandNames = Object.keys(commands) as CommandName[];

/**
 * Builds the command line with its commands and options, without parsing arguments.
 *
 * @param names the commands to load
 * @param writeError receives usage errors, with line breaks
 */
export async function buildProgram(
  names: readonly CommandName[] = commandNames,
  writeError: (text: string) => void = () => undefined,
): Promise<Command> {
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
  for (const { define } of await Promise.all(names.map((name) => commands[name]())))
    define(program.command.bind(program));
  for (const command of program.commands)
    command.exitOverride().showHelpAfterError(`(run 'tn-ledger ${command.name()} --help' for usage)`);
  return program;
}

/** Runs a command, prints its failure, and sets the exit status of the process. */
export async function runProgram(args: readonly string[]): Promise<void> {
  let usageErrors = '';
  // The one that is named is enough, except for the script that completes all of them.
  const named = commandNames.filter((name) => name === args[0] && name !== 'completion');
  const program = await buildProgram(named.length > 0 ? named : commandNames, (text) => {
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
