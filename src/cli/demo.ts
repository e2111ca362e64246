import { type Command, InvalidArgumentError } from 'commander';
import type { DefineCommand } from './command.js';

export function define(command: DefineCommand): Command {
  return command('demo')
    .description('run a self-contained demo with a sandbox API and an embedded database; needs no configuration')
    .option('--numbers <count>', 'telephone numbers in the demo account', atLeastOne, 5000)
    .addHelpText('after', '\nExamples:\n  $ tn-ledger demo')
    .action(async ({ numbers }: { numbers: number }) => {
      const { runDemo } = await import('./run-demo.js');
      await runDemo(numbers);
    });
}

function atLeastOne(text: string): number {
  if (!/^[1-9]\d{0,7}$/.test(text)) throw new InvalidArgumentError('It must be a whole number of at least 1.');
  return Number(text);
}
