import { formatTable } from '../src/cli/format.js';
import { accountsAtOnce } from './accounts.js';
import { defineArguments, readArguments } from './arguments.js';
import { assignment } from './assignment.js';
import { runBenchmark } from './benchmark.js';
import { billing } from './billing.js';
import { nruf } from './nruf.js';
import { numbers } from './numbers.js';
import { orders } from './orders.js';
import { reading } from './reading.js';
import { describeResults, type Result, writeResults } from './results.js';
import { sizes } from './sizes.js';
import { start } from './start.js';
import { cellsOf, titles } from './table.js';

/**
 * `npm run bench`: all benchmarks, or those that are named. Each compares times within one run, since absolute times mean little on a
 * shared machine.
 */
const benchmarks = [numbers, billing, orders, assignment, nruf, accountsAtOnce, start, reading, sizes];

const { names, rounds, scale, write } = readArguments(defineArguments(benchmarks.map(({ name }) => name)).parse());
const results: Result[] = [];
for (const benchmark of benchmarks) {
  if (names.length > 0 && !names.includes(benchmark.name)) continue;
  const added = describeResults(await runBenchmark(benchmark, scale, rounds));
  // At once: later benchmarks may fail after hours.
  if (write) writeResults(added);
  results.push(...added);
}
const right = titles.map((_, index) => index).slice(1);
process.stdout.write(`${formatTable(titles, results.map(cellsOf), { right })}\n`);
