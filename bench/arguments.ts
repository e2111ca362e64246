import { Argument, Command, InvalidArgumentError, Option } from 'commander';

/** What to measure and how. */
export interface BenchArguments {
  names: string[];
  rounds: number;
  /** Fraction of the full size. */
  scale: number;
  /** Whether to add the results to `bench/README.md`. */
  write: boolean;
}

const scales = ['0.01', '0.1', '1'];

/** The command line of `npm run bench`; parse it, and then read it with `readArguments`. */
export function defineArguments(names: readonly string[]): Command {
  return new Command('npm run bench --')
    .description('measure tn-ledger, a floor of plain tools and a rival in turn')
    .addArgument(new Argument('[name...]', 'benchmarks to run; all by default').choices(names))
    .option('--rounds <count>', 'measured rounds, after a warm-up', wholeRounds, 5)
    .addOption(new Option('--scale <fraction>', 'fraction of the full size').choices(scales).default('1'))
    .option('--write', 'add the results to bench/README.md', false)
    .showHelpAfterError();
}

/** The arguments of a parsed command line. */
export function readArguments(command: Command): BenchArguments {
  const { rounds, scale, write } = command.opts<{ rounds: number; scale: string; write: boolean }>();
  return { names: command.args, rounds, scale: Number(scale), write };
}

function wholeRounds(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError('Give a whole number from 1 to 99.');
  return Number(text);
}
