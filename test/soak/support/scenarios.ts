import { seed } from '../../support/seed.js';
import { randomFrom } from '../../sync/support/kills.js';
import { isDown, type MovedWorld, works } from './moved-world.js';
import { accounts, hour, minute, passHours, type Scenario } from './nightly-runs.js';

const [main, other] = accounts;
/** Pseudo-random numbers below a bound. */
const random = randomFrom(seed);

export const calm: Scenario = { name: 'calm' };

/** Waits for one of the run's first requests, while time passes. */
async function passRequests(world: MovedWorld): Promise<void> {
  let left = 2 + random(20);
  world.onRequest = () => {
    left -= 1;
    return 'pass';
  };
  await world.passUntil(() => left <= 0, 1000);
  world.onRequest = works;
}

function makeApiWork(world: MovedWorld): void {
  world.onRequest = works;
}

/** An API that lacks a role of an account. */
function refuse(world: MovedWorld, path: string): void {
  world.onRequest = (requested) => (requested.includes(path) ? { status: 403 } : 'pass');
}

/** What an operator does who has checked that the numbers are gone. */
function acceptShrink(world: MovedWorld): Promise<void> {
  return world.runToEnd(['run', 'nightly', '--account', other, '--accept-shrink']);
}

/** All but `calm`, each of them one nightly run. */
const scenarios: Scenario[] = [
  {
    name: 'faults of all kinds',
    before: ({ ledger }) => {
      const rate = 0.03;
      ledger.sandbox.faults = {
        ...{ '429': rate, '500': rate, reset: rate, truncate: rate, html: rate, 'duplicate-page': rate },
      };
    },
    end: ({ ledger }) => {
      ledger.sandbox.faults = {};
    },
  },
  {
    name: '429 storm',
    before(world) {
      const until = world.now().getTime() + 9 * minute;
      world.onRequest = () =>
        world.now().getTime() < until && random(3) > 0
          ? { status: 429, headers: { 'x-ratelimit-reset': 'soon' } }
          : 'pass';
    },
    end: makeApiWork,
  },
  {
    name: 'API down for two hours',
    before(world) {
      world.onRequest = isDown;
    },
    async after(world) {
      await passHours(world, 2);
      makeApiWork(world);
    },
    alert: /^the Dashboard API is not available: /,
  },
  {
    name: 'API down until the next run is due',
    before(world) {
      world.onRequest = isDown;
    },
    next: makeApiWork,
    states: { [main]: 'replaced', [other]: 'replaced' },
    alert: /^the Dashboard API is not available: /,
  },
  {
    name: 'credentials rejected',
    before(world) {
      world.onRequest = (path) => (path.endsWith('/token') ? { status: 401 } : 'pass');
    },
    end: makeApiWork,
    states: { [main]: 'failed', [other]: 'failed' },
    alert: / failing since /,
  },
  {
    name: 'role missing, and neither the webhook nor the mail server works at first',
    before(world) {
      refuse(world, `/${main}/portins`);
      world.webhook.state = 'fails';
      world.mail.state = 'refuses';
    },
    async after(world) {
      await passHours(world, 1);
      world.t.regex(world.schedule.output(), /could not be sent by webhook: HTTP status 503/);
      world.webhook.state = 'ok';
      world.mail.state = 'ok';
    },
    end: makeApiWork,
    states: { [main]: 'failed' },
    alert: /^sync-portins of account 9900000 is failing since /,
  },
  {
    name: 'role missing, and the webhook hangs',
    before(world) {
      refuse(world, `/${other}/disconnects`);
      world.webhook.state = 'hangs';
    },
    async after(world) {
      await passHours(world, 1);
      world.webhook.state = 'ok';
    },
    end: makeApiWork,
    states: { [other]: 'failed' },
    alert: /^sync-disconnects of account 9900001 is failing since /,
  },
  {
    name: 'shrinking list',
    before({ ledger }) {
      const held = ledger.sandbox.account(other);
      const numbers = [...held.numbers()].filter(({ status }) => status === 'Inservice');
      held.disconnect(numbers.slice(0, Math.ceil(numbers.length * 0.4)).map(({ telephoneNumber }) => telephoneNumber));
    },
    end: acceptShrink,
    isRepeatedByHand: true,
    states: { [other]: 'failed' },
    alert: /account 9900001 (is|are) failing since /,
  },
  {
    name: 'database restarts after a crash',
    async during(world) {
      await passRequests(world);
      const [row] = await world.query<{ pid: number }>(
        `select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' order by pid limit 1`,
      );
      process.kill((row as { pid: number }).pid, 'SIGKILL');
    },
  },
  {
    name: 'database down for three hours',
    async during(world) {
      await world.stopDatabase();
      for (let passed = 0; passed < 3 * hour; passed += minute) await world.move(minute);
      await world.startDatabase();
    },
    alert: /^the database is failing since /,
  },
  {
    name: 'SIGTERM in the middle',
    async during(world) {
      await passRequests(world);
      await world.endSchedule('SIGTERM');
      world.startSchedule();
    },
  },
  {
    name: 'kill -9 in the middle',
    async during(world) {
      await passRequests(world);
      await world.endSchedule('SIGKILL');
      world.startSchedule();
    },
  },
  {
    name: 'killed before the run is due, and started three hours after',
    async before(world) {
      await world.endSchedule('SIGKILL');
      await world.move(3 * hour);
      world.startSchedule();
    },
  },
];

/**
 * The scenarios in random order, each followed by a calm run if it goes on until that is due.
 *
 * @param name a part of a name: only those that have it
 */
export function shuffledScenarios(name = ''): Scenario[] {
  const left = scenarios.filter((scenario) => scenario.name.includes(name));
  const shuffled = Array.from({ length: left.length }, () => left.splice(random(left.length), 1)[0] as Scenario);
  return shuffled.flatMap((scenario) => (scenario.next === undefined ? [scenario] : [scenario, calm]));
}
