import test from 'ava';
import { runAva, supportPath } from './run-ava.js';

const config = `
import { prepareRun } from '${supportPath('prepare-run.js')}';
export default { ...prepareRun(7), files: ['sample.js'], workerThreads: false };`;
const code = `
import test from 'ava';
import { onlyIf } from '${supportPath('only-if.js')}';
import { seed } from '${supportPath('seed.js')}';
test('knows its seed', (t) => t.is(String(seed), process.env.EXPECTED));
onlyIf(test, true, 'needs nothing')('is possible', (t) => t.pass());
onlyIf(test, false, 'needs a harp')('plays music', (t) => t.fail());
onlyIf(test.serial, false, 'needs a drum')('plays louder', (t) => t.fail());`;

test('a run prints its seed first, and last the tests that were skipped, each with its reason', async (t) => {
  const { status, output } = await runAva(t, { code, config, env: { EXPECTED: '7' } });
  t.is(status, 0, output);
  t.regex(
    output,
    /2 tests passed\n {2}2 tests skipped\n\n {2}Skipped:\n {2}- needs a drum: plays louder\n {2}- needs a harp: plays music\n/,
  );
  t.regex(output, /^TN_LEDGER_TEST_SEED=7$/m);
});

test('TN_LEDGER_TEST_SEED sets the seed of a run', async (t) => {
  const { status, output } = await runAva(t, { code, config, env: { EXPECTED: '8', TN_LEDGER_TEST_SEED: '8' } });
  t.is(status, 0, output);
  t.regex(output, /^TN_LEDGER_TEST_SEED=8$/m);
});

test('a TN_LEDGER_TEST_SEED that is not an integer is an error', async (t) => {
  const { status, output } = await runAva(t, { code, config, env: { TN_LEDGER_TEST_SEED: 'today' } });
  t.is(status, 1);
  t.regex(output, /TN_LEDGER_TEST_SEED is today, not an integer\. Unset it, or set another\./);
});
