import { Argument, type Command, Option } from 'commander';
import { defineScript, wholeNumber } from '../scripts/define-script.js';

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
  return defineScript('bench', 'measure tn-ledger, a floor of plain tools and a rival in turn')
    .addArgument(new Argument('[name...]', 'benchmarks to run; all by default').choices(names))
    .option('--rounds <count>', 'measured rounds, after a warm-up', wholeNumber(1, 99), 5)
    .addOption(new Option('--scale <fraction>', 'fraction of the full size').choices(scales).default('1'))
    .option('--write', 'add the results to bench/README.md', false);
}

/** The arguments of a parsed command line. */
export function readArguments(command: Command): BenchArguments {
  const { rounds, scale, write } = command.opts<{ rounds: number; scale: string; write: boolean }>();
  return { names: command.args, rounds, scale: Number(scale), write };
}
