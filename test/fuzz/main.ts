import { parseArgs } from 'node:util';
import { readCorpus, writeCorpus } from './corpus.js';
import { fuzz } from './fuzzer.js';
import { targets } from './targets.js';

/** `npm run fuzz`: tries mutated inputs on code that reads what others wrote, and keeps those that run new code. */
const usage = `Usage: npm run fuzz -- [TARGET ...] [--runs N] [--seed N] [--keep]

  TARGET    ${targets.map(({ name }) => name).join(', ')}; all by default
  --runs N  how many inputs to try on each (default: 200000)
  --seed N  repeats a search (default: another one each time)
  --keep    adds what ran new code, or broke a promise, to test/fuzz/corpus`;

function readArguments() {
  const { values, positionals } = parseArgs({
    options: {
      runs: { type: 'string', default: '200000' },
      seed: { type: 'string' },
      keep: { type: 'boolean' },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  if (values.help === true) {
    console.log(usage);
    process.exit(0);
  }
  const unknown = positionals.find((name) => !targets.some((target) => target.name === name));
  if (unknown !== undefined) throw new Error(`There is no target ${unknown}.`);
  const { seed = String(Date.now() % 1_000_000) } = values;
  for (const text of [values.runs, seed])
    if (!/^\d{1,9}$/.test(text)) throw new Error(`${text} is not a whole number.`);
  return { names: positionals, runs: Number(values.runs), seed: Number(seed), keep: values.keep === true };
}

let options: ReturnType<typeof readArguments>;
try {
  options = readArguments();
} catch (error) {
  console.error(`${(error as Error).message}\n\n${usage}`);
  process.exit(2);
}
const { names, runs, seed, keep } = options;
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
