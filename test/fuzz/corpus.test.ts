import test from 'ava';
import { readCorpus } from './corpus.js';
import { targets } from './targets.js';

for (const { name, run } of targets) {
  test(`every input that is kept for ${name} is read as promised`, async (t) => {
    const inputs = readCorpus(name);
    t.true(inputs.length > 0);
    for (const input of inputs) {
      try {
        await run(input);
      } catch (error) {
        t.log(JSON.stringify(input.toString('latin1')));
        throw error;
      }
    }
  });
}
