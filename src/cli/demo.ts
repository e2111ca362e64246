import { type Command, InvalidArgumentError } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('demo')
    .description('try everything with nothing to configure: a sandbox API and an embedded database of its own')
    .option('--numbers <count>', 'telephone numbers of the demo account', atLeastOne, 5000)
    .addHelpText('after', '\nExample:\n  $ tn-ledger demo')
    .action(async ({ numbers }: { numbers: number }) => {
      const { runDemo } = await import('./run-demo.js');
      await runDemo(numbers);
    });
}

function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return Number(text);
}
