import anyTest, { type TestFn } from 'ava';
import { openAssigning, resultLines } from '../assignment/support.js';
import { assignUnderKills, orderless } from '../assignment/support-kills.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { seed } from '../support/seed.js';
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
  ['killed at 30 random moments while responses are lost', { 'lost-answer': 0.5 }],
] as const) {
  test(`${title}, a batch sends every number exactly once, with the results of an undisturbed run`, async (t) => {
    t.timeout(15 * 60_000);
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
