/**
 * Two nightly runs of a small account, disturbed at counted points and repeated, leave what undisturbed runs of the same seed leave.
 * `npm run test:crash` runs more points than the soak, or a single one.
 */
import test, { type ExecutionContext } from 'ava';
import { type Contents, compareContents } from '../support/compare-contents.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { recordProof } from '../support/proof.js';
import { seed } from '../support/seed.js';
import { readContents } from './contents.js';
import { type Events, type Kind, kinds, type Point, pointOf } from './points.js';
import { openWorld } from './world.js';

const count = Number(process.env.TN_LEDGER_TEST_CRASH_POINTS ?? 50);
/** The number of the only point to run. */
const only = process.env.TN_LEDGER_TEST_CRASH_POINT;
/** The time of the API in all worlds: long enough ago for what happens before the second run. */
const from = new Date(Date.now() - 48 * 3_600_000);
const runs = [1, 2] as const;

let server: TestServer;
test.before(async () => {
  // A crash must not lose what was committed, as by default.
  server = await startPostgres({ settings: { synchronous_commit: true } });
});
test.after.always(() => server?.stop());

/** By kind: runs that were disturbed, those that ended before their point, and differences. */
const results = new Map(kinds.map((kind) => [kind, { points: 0, missed: 0, lost: 0 }]));

const numbers = only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)];
for (const pair of new Set(numbers.map((number) => Math.ceil(number / 2)))) {
  const points = numbers.filter((number) => Math.ceil(number / 2) === pair).map((number) => pointOf(seed, number));
  const { kind } = points[0] as Point;
  test.serial(`points ${points.map(({ number }) => number).join(' and ')}: ${kind}, and nothing is lost`, async (t) => {
    t.timeout(5 * 60_000);
    for (;;) {
      const day = today();
      const differences = await disturb(t, points, pair % 4 === 0 ? 1 : 0);
      // What a run reads depends on the day.
      if (day !== today()) continue;
      resultOf(kind).lost += differences.length;
      t.is(differences.length, 0, describe(differences, points));
      return;
    }
  });
}

/** Disturbs both runs, or one, and returns the differences after each. */
async function disturb(t: ExecutionContext, points: readonly Point[], reads: number): Promise<string[]> {
  const expected = await undisturbed(t, reads);
  const world = await openWorld(t, { server, seed, from, reads });
  const begun: Date[] = [];
  for (const run of runs) {
    await world.prepare(run);
    begun.push(new Date());
    const point = points.find((each) => each.run === run);
    const { events, contents } = expected[run - 1] as Undisturbed;
    if (point !== undefined) {
      const isReached = await world.disturb(t, point, point.moment(events));
      resultOf(point.kind)[isReached ? 'points' : 'missed'] += 1;
    }
    await world.finish(t);
    const differences = compareContents(await readContents({ ledger: world.ledger, runs: begun }), contents);
    if (differences.length > 0) return differences.map((line) => `after run ${run}: ${line}`);
  }
  return [];
}

interface Undisturbed {
  events: Events;
  contents: Contents;
}

const known = new Map<string, Undisturbed[]>();

/** What two undisturbed runs do and leave. */
async function undisturbed(t: ExecutionContext, reads: number): Promise<Undisturbed[]> {
  const key = `${today()} ${reads}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  const world = await openWorld(t, { server, seed, from, reads });
  const begun: Date[] = [];
  const left: Undisturbed[] = [];
  for (const run of runs) {
    await world.prepare(run);
    begun.push(new Date());
    const { events } = await world.finish(t);
    left.push({ events, contents: await readContents({ ledger: world.ledger, runs: begun }) });
  }
  known.set(key, left);
  return left;
}

function today(): string {
  return new Date().toISOString().slice(0, 10);
}

function resultOf(kind: Kind): { points: number; missed: number; lost: number } {
  return results.get(kind) as { points: number; missed: number; lost: number };
}

function describe(differences: readonly string[], points: readonly Point[]): string {
  const commands = points.map(({ number }) => `npm run test:crash -- --seed ${seed} --point ${number}`);
  return `${differences.length} differences. To repeat: ${commands.join(' or ')}\n${differences.slice(0, 20).join('\n')}`;
}

test.after((t) => {
  for (const [kind, { points, missed, lost }] of results) {
    t.log(`${kind}: ${points} points, ${lost} lost${missed === 0 ? '' : `, ${missed} ended before`}`);
    if (points === 0) continue;
    recordProof({
      promise: 'A disturbed nightly run that is repeated leaves the ledger and the orders of an undisturbed one',
      faults: kind,
      points,
      lost,
      command: `npm run test:crash -- --points ${count} --seed ${seed}`,
    });
  }
  const missed = [...results.values()].reduce((sum, each) => sum + each.missed, 0);
  t.true(missed <= numbers.length / 10, `${missed} runs ended before their point`);
});
