import anyTest, { type TestFn } from 'ava';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { seed } from '../support/seed.js';
import { size } from '../support/sizes.js';
import { randomFrom } from '../sync/support/kills.js';
import { account } from '../sync/support/ledger.js';
import { openAssigning, resultLines } from './support.js';
import { assignUnderKills, orderless } from './support-kills.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

test('a batch that is killed repeatedly sends every number once and writes the usual results', async (t) => {
  const { numbers, kills } = size({ test: { numbers: 5100, kills: 2 }, soak: { numbers: 6000, kills: 3 } });
  const sandbox = { numbers: numbers + 500, seed: 3, assignmentPace: { reads: 1 } };
  const world = await openAssigning(t, t.context.server, { sandbox });
  world.sandbox.faults = { 'lost-answer': 0.6 };
  const results = await assignUnderKills(t, world, { numbers, kills, random: randomFrom(seed) });

  const calm = await openAssigning(t, t.context.server, { sandbox });
  const sent = calm.numbers.slice(0, numbers);
  calm.sandbox.account(account).disconnect(sent.filter((_, index) => index % 20 === 3));
  const undisturbed = await calm.assign(await calm.write('numbers.csv', ['tn', ...sent, '911', sent[0] as string]));
  t.deepEqual(results, orderless(await resultLines(undisturbed.results)));
});
