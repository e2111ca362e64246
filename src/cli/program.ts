import { Command } from 'commander';
import { version } from '../version.js';
import * as assign from './assign.js';
import * as assignments from './assignments.js';
import * as audit from './audit.js';
import * as billing from './billing.js';
import * as check from './check.js';
import * as classify from './classify.js';
import * as demo from './demo.js';
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

/** The command line: every command with its options, and nothing parsed yet. */
export function buildProgram(): Command {
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
