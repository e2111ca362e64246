import anyTest, { type TestFn } from 'ava';
import { openAssigning, resultLines } from '../assignment/support.js';
import { assignUnderKills, orderless } from '../assignment/support-kills.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { randomFrom } from '../sync/support/kills.js';
import { account } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const numbers = 40_000;
const sandbox = { numbers: 43_000, seed: 5, assignmentPace: { reads: 1 } };

for (const [title, faults] of [
  ['killed at 30 random moments', {}],
  ['killed at 30 random moments while answers are lost', { 'lost-answer': 0.5 }],
] as const) {
  test(`${title}, a batch sends every number exactly once, and its results are those of an undisturbed run`, async (t) => {
    t.timeout(15 * 60_000);
    const seed = Number(process.env.TN_LEDGER_TEST_SEED ?? Date.now() % 1_000_000);
    t.log(`TN_LEDGER_TEST_SEED=${seed}`);
    const world = await openAssigning(t, t.context.server, { sandbox });
    world.sandbox.faults = faults;
    const results = await assignUnderKills(t, world, { numbers, kills: 30, random: randomFrom(seed) });

    const calm = await openAssigning(t, t.context.server, { sandbox });
    const sent = calm.numbers.slice(0, numbers);
    calm.sandbox.account(account).disconnect(sent.filter((_, index) => index % 20 === 3));
    const undisturbed = await calm.assign(await calm.write('numbers.csv', ['tn', ...sent, '911', sent[0] as string]));
    t.deepEqual(results, orderless(await resultLines(undisturbed.results)));
  });
}
