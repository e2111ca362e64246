import type { Command } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('init')
    .description('ask for the credentials, test them, and write .env')
    .option('--force', 'replace .env if it exists')
    .addHelpText(
      'after',
      `
Needs a terminal. Without one, copy .env.example to .env and fill it in.

Examples:
  $ tn-ledger init`,
    )
    .action(async (options: { force?: boolean }) => {
      const { runInit } = await import('./run-init.js');
      await runInit(options);
    });
}
