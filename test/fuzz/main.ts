/** `npm run fuzz`: tries mutated inputs on code that reads what others wrote, and keeps those that run new code. */
import { Argument } from 'commander';
import { defineScript, wholeNumber } from '../../scripts/define-script.js';
import { readCorpus, writeCorpus } from './corpus.js';
import { fuzz } from './fuzzer.js';
import { targets } from './targets.js';

const most = 999_999_999;
const script = defineScript('fuzz', 'try mutated inputs on code that reads what others wrote')
  .addArgument(new Argument('[target...]', 'code to try; all by default').choices(targets.map(({ name }) => name)))
  .option('--runs <count>', 'how many inputs to try on each', wholeNumber(1, most), 200_000)
  .option('--seed <number>', 'repeats a search (default: another one each time)', wholeNumber(0, most))
  .option('--keep', 'add what ran new code, or broke a promise, to test/fuzz/corpus', false)
  .parse();
const names = script.args;
const { runs, keep, seed = Date.now() % 1_000_000 } = script.opts<{ runs: number; keep: boolean; seed?: number }>();
for (const target of targets.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const { corpus, finding, runs: done } = await fuzz({ target, corpus: readCorpus(target.name), seed, runs });
  console.log(`${target.name}: ${done} inputs, ${corpus.length} of which run code that no other does (seed ${seed})`);
  if (keep) writeCorpus(target.name, finding === undefined ? corpus : [...corpus, finding.input]);
  if (finding === undefined) continue;
  process.exitCode = 1;
  console.error(
    `${target.name} fails on ${JSON.stringify(finding.input.toString('latin1'))} (one character per byte):`,
  );
  console.error(finding.error);
}
