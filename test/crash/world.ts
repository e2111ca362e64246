import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { cli, makeFolder, startCli } from '../end-to-end/support.js';
import { startDatabaseProxy } from '../support/database-proxy.js';
import type { TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';
import { waitForGone } from '../sync/support/moments.js';
import type { Events, Moment, Point } from './points.js';

const hour = 3_600_000;

/** A small account, its ledger, and the files that are submitted before each of two nightly runs. */
export interface World {
  ledger: Ledger;
  /** Prepares a nightly run: changes the account, and puts files into the inbox. */
  prepare(run: 1 | 2): Promise<void>;
  /** Runs `tn-ledger run nightly` until it succeeds. */
  finish(t: ExecutionContext): Promise<{ events: Events; attempts: number }>;
  /** Runs it once, disturbed; false if the run ended before the moment. */
  disturb(t: ExecutionContext, point: Point, moment: Moment): Promise<boolean>;
}

export interface WorldOptions {
  server: TestServer;
  seed: number;
  /** The time of the API, which stands still during a run. */
  from: Date;
  /** How often an assignment order is read before it is final. */
  reads: number;
}

/** How often a command is repeated that must succeed at last. */
const mostAttempts = 3;

export async function openWorld(t: ExecutionContext, { server, seed, from, reads }: WorldOptions): Promise<World> {
  const ledger = await openLedger(t, server, {
    sandbox: {
      ...{ numbers: 300, orders: 14, disconnects: 6, portins: 4, portouts: 3, assignments: 4, features: 1, years: 1 },
      ...{ open: 0.3, seed, now: from, clockStandsStill: true, assignmentPace: { reads } },
      billing: { rowsPerDay: 30, pace: { reads: 1 } },
    },
    billing: { types: ['BDR'] },
    pageSize: 100,
  });
  const { sandbox, proxy, dataDir } = ledger;
  const held = sandbox.account(account);
  const numbers = [...held.numbers()]
    .filter(({ telephoneNumber, listedInService }) => listedInService && /^\d{10}$/.test(telephoneNumber))
    .map(({ telephoneNumber }) => telephoneNumber);
  const none = { requests: 0, posts: 0, commits: 0 };
  const events: Events = { ...none };
  let onRequest: Ledger['proxy']['onRequest'] = () => undefined;
  let onCommit: (data: Buffer) => 'lose' | ((answer: Buffer) => void) | undefined = () => undefined;
  proxy.onRequest = (request) => {
    events.requests += 1;
    if (request.method === 'POST') events.posts += 1;
    return onRequest(request);
  };
  const database = await startDatabaseProxy(t, ledger.env.DATABASE_URL as string, (data) => {
    if (!isCommit(data)) return undefined;
    events.commits += 1;
    return onCommit(data);
  });
  const cwd = await makeFolder(t);
  const env = {
    ...ledger.env,
    DATABASE_URL: database.url,
    TN_LEDGER_DATA_DIR: dataDir,
    TN_LEDGER_BILLING_TYPES: 'BDR',
    TN_LEDGER_LOG_LEVEL: 'warn',
  };
  const args = ['run', 'nightly'];

  async function submit(path: string, lines: readonly string[]): Promise<void> {
    const file = join(dataDir, 'inbox', path);
    await mkdir(join(file, '..'), { recursive: true });
    await writeFile(file, `${lines.join('\n')}\n`);
    // Old enough not to be still being written.
    await utimes(file, 1, 1);
  }

  return {
    ledger,
    async prepare(run) {
      if (run === 1) {
        await submit('assign/first.csv', ['tn', ...numbers.slice(0, 50), '911', numbers[0] as string]);
        await submit('assign/second.csv', ['tn,customer', ...numbers.slice(50, 90).map((each) => `${each},new`)]);
        const mixed = numbers.slice(90, 120).map((each, index) => `${each},${index % 3 === 0 ? 'ASSIGN' : 'UNASSIGN'}`);
        await submit('unassign/third.csv', ['tn,action', ...mixed]);
        return;
      }
      sandbox.clock.advance(20 * hour);
      held.busyDay(1);
      sandbox.clock.advance(hour);
      await submit('unassign/fourth.csv', ['tn', ...numbers.slice(30, 60)]);
    },
    async finish(test) {
      for (let attempts = 1; ; attempts += 1) {
        Object.assign(events, none);
        const { status, output } = await cli(test, args, { cwd, env });
        if (status === 0 || status === 3) return { events: { ...events }, attempts };
        if (attempts === mostAttempts) throw new Error(`not done after ${attempts} attempts: ${output}`);
      }
    },
    async disturb(test, { kind, failures }, moment) {
      Object.assign(events, none);
      let kill: (() => void) | undefined;
      let broken: Promise<'reset' | undefined> | undefined;
      const breakIt = async () => {
        kill?.();
        if (kind !== 'the program is killed') {
          await server.end(kind === 'the database restarts' ? 'SIGINT' : 'SIGKILL');
          await server.restart();
        }
        return kill && ('reset' as const);
      };
      const strike = () => {
        broken ??= breakIt();
        return broken;
      };
      let left = failures;
      const goAway = () => {
        broken = Promise.resolve(undefined);
        left -= 1;
        return left < 0 ? undefined : 'reset';
      };
      let isPast = false;
      const isDue = () => {
        if (isPast || events[moment.event] !== moment.nth) return false;
        isPast = true;
        return true;
      };
      if (moment.event === 'commits') {
        onCommit = () => {
          if (!isDue()) return undefined;
          if (moment.when === 'after') return () => void strike();
          void strike();
          return moment.when === 'before' ? 'lose' : undefined;
        };
      } else {
        const act = kind === 'the API goes away' ? goAway : strike;
        onRequest = () => {
          // An API that is away does not answer the next requests either.
          if (act === goAway && broken !== undefined) return goAway();
          if (!isDue()) return undefined;
          return moment.when === 'after' ? act : act();
        };
      }
      if (kind === 'the program is killed' || kind === 'both crash') {
        const { child, result } = startCli(test, args, { cwd, env });
        kill = () => void child.kill('SIGKILL');
        await result;
      } else if (kind === 'the API goes away') {
        const client = ledger.openClient({ retry: { baseMs: 1 } });
        await ledger.run('nightly', { client, now: new Date() });
        await client.close();
      } else {
        await cli(test, args, { cwd, env });
      }
      onRequest = () => undefined;
      onCommit = () => undefined;
      await broken;
      await waitForGone(ledger);
      return broken !== undefined;
    },
  };
}

/** A simple query that commits, as the driver sends it. */
function isCommit(data: Buffer): boolean {
  return data[0] === 0x51 && data.toString('latin1', 5) === 'commit\0';
}
