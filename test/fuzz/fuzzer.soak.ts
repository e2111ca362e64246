import test from 'ava';
import { recordProof } from '../support/proof.js';
import { seed } from '../support/seed.js';
import { readCorpus } from './corpus.js';
import { fuzz } from './fuzzer.js';
import { targets } from './targets.js';

const runs = 1000;

for (const target of targets) {
  test(`${runs} mutated inputs of ${target.name} are read as promised`, async (t) => {
    t.timeout(10 * 60_000);
    const { finding, corpus } = await fuzz({ target, corpus: readCorpus(target.name), seed, runs });
    if (finding !== undefined) {
      t.log(`${JSON.stringify(finding.input.toString('latin1'))} (one character per byte, seed ${seed})`);
      throw finding.error;
    }
    t.true(corpus.length > 0);
    recordProof({
      promise: 'What others wrote is read, or refused by name',
      faults: `mutated ${target.name.replace('-', ' ')}, guided by the coverage of the code`,
      points: corpus.length + runs,
      lost: 0,
      command: `npm run fuzz -- ${target.name} --seed ${seed}`,
    });
  });
}
