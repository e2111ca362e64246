import anyTest, { type TestFn } from 'ava';
import { openAssigning } from '../assignment/support.js';
import { assertExactlyOnce } from '../assignment/support-kills.js';
import type { Loss } from '../support/database-proxy.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { recordProof } from '../support/proof.js';
import { seed } from '../support/seed.js';
import { size } from '../support/sizes.js';
import { randomFrom } from '../sync/support/kills.js';
import { comparedJobs, openComparison } from './support/comparison.js';
import { openBreaking, places } from './support/lost-connections.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const losses: readonly Loss[] = ['before', 'after'];

test('jobs that lose connections in commits, COPY and other statements store what undisturbed ones do', async (t) => {
  const compared = await openComparison(t, t.context.server, comparedJobs);
  await compared.undisturb(t);
  const random = randomFrom(seed);
  const breaking = await openBreaking(t, (await compared.empty(t)).url);
  const count = size({ test: 2, soak: 5 });
  const left = new Map(places.flatMap((place) => losses.map((loss) => [`${place} ${loss}`, count])));
  breaking.breakAt((place) => {
    if (random(place === 'statement' ? 60 : 12) > 0) return undefined;
    const loss = losses[random(2)] as Loss;
    const more = left.get(`${place} ${loss}`) ?? 0;
    left.set(`${place} ${loss}`, Math.max(0, more - 1));
    return more > 0 ? loss : undefined;
  });
  // Each failure has at least one loss of its own.
  for (let runs = 0; ; runs += 1) {
    const error = await compared.run(breaking.database);
    if (error === undefined) break;
    t.regex(error.message, / closed the connection unexpectedly: | was lost \(| is not reachable: /);
    if (runs === left.size * count) throw error;
  }
  t.deepEqual(
    [...left].filter(([, more]) => more > 0),
    [],
    'never lost',
  );
  const differences = await compared.differences(breaking.database);
  t.deepEqual(differences, []);
  recordProof({
    promise: 'A run whose database connections break, repeated, leaves what an undisturbed run leaves.',
    faults: 'Connections lost in commits (before and after they took effect), in COPY, and in other statements',
    points: left.size * count,
    lost: differences.length,
    command: 'npm run test:slow',
  });
});

test('a batch that loses its connection to the database at any point places its order once', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { numbers: 60 } });
  const breaking = await openBreaking(t, world.env.DATABASE_URL as string);
  const numbers = world.numbers.slice(0, 20);
  const [first, step] = size({ test: [seed % 12, 12], soak: [seed % 4, 4] });
  let points = 0;
  for (const loss of losses) {
    let isOver = false;
    for (let point = first; !isOver; point += step) {
      // Another file for each point, of the same numbers.
      const lines = numbers.map((number) => `${number},${loss} ${point}`);
      const path = await world.write(`${loss}-${point}.csv`, ['tn,note', ...lines]);
      let pieces = 0;
      breaking.breakAt(() => {
        pieces += 1;
        return pieces - 1 === point ? loss : undefined;
      });
      const assign = () => world.assign(path, { force: true }, { database: breaking.database });
      const { summary } = await assign().catch(assign);
      t.is(summary.accepted, numbers.length, `${loss} ${point}`);
      isOver = pieces <= point;
      points += 1;
    }
  }
  t.is(world.placed().length, points);
  await assertExactlyOnce(t, world, numbers);
  recordProof({
    promise: 'Every number of an assignment file is sent exactly once, whenever the database connection breaks.',
    faults: 'The connection lost before or after any message to the database, then the command again',
    points,
    lost: world.placed().length - points,
    command: 'npm run test:slow',
  });
});
