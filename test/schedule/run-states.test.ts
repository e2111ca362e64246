import test from 'ava';
import { openDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrations.js';
import { readRunStates } from '../../src/schedule/run-states.js';
import { startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const minute = 60_000;

test('the state of a scheduled run follows from the recorded runs of nightly, whoever started them', async (t) => {
  const { url, drop } = await withFreshDatabase(server);
  const database = await openDatabase({
    databaseUrl: url,
    dataDir: '/nowhere',
    applicationName: 'test',
    log: () => {},
  });
  try {
    const now = new Date();
    const due = new Date(now.getTime() - 60 * minute);
    t.deepEqual(await readRunStates(database, ['9'], due, now), new Map([['9', 'never run']]), 'on an empty database');
    await migrate(database);
    /** One run: its job, when it started and ended (minutes before now), and its status. */
    type Run = [job: string, began: number, ended: number | null, status: string];
    const cases: [string, string, Run[]][] = [
      ['never run', 'runs of other jobs do not count', [['sync-orders', 10, 9, 'succeeded']]],
      ['missed', 'only the run before it ran', [['nightly', 1500, 1400, 'succeeded']]],
      ['missed', 'the run before it was interrupted', [['nightly', 1500, 1400, 'interrupted']]],
      ['missed', 'a run ended before the scheduled time', [['nightly', 90, 65, 'succeeded']]],
      ['run', 'it ran on time', [['nightly', 60, 50, 'succeeded']]],
      ['run', 'the two clocks differ slightly', [['nightly', 60.5, 50, 'succeeded']]],
      ['run', 'it failed, which is not retried', [['nightly', 60, 50, 'failed']]],
      ['run', 'it was run manually later', [['nightly', 20, 10, 'succeeded']]],
      ['run', 'an earlier run was still in progress', [['nightly', 90, 30, 'succeeded']]],
      ['missed', 'an earlier run was still in progress and was interrupted', [['nightly', 90, 30, 'interrupted']]],
      ['missed', 'it was interrupted', [['nightly', 60, 50, 'interrupted']]],
      ['missed', 'its process was killed', [['nightly', 60, null, 'running']]],
      [
        'run',
        'it was interrupted and then ran',
        [
          ['nightly', 60, 50, 'interrupted'],
          ['nightly', 40, 30, 'failed'],
        ],
      ],
    ];
    for (const [index, [, , runs]] of cases.entries()) {
      for (const [job, began, ended, status] of runs) {
        await database.pool.query(
          `insert into sync_runs (job, account_id, started_at, finished_at, status)
           values ($1, $2, now() - $3 * interval '1 minute', now() - $4 * interval '1 minute', $5)`,
          [job, String(index), began, ended, status],
        );
      }
    }
    const accounts = cases.map((_, index) => String(index));
    // If the machine's clock is hours off, both the current and the scheduled time are off by the same amount.
    for (const offset of [0, -300 * minute, 300 * minute]) {
      const moved = (date: Date) => new Date(date.getTime() + offset);
      const states = await readRunStates(database, accounts, moved(due), moved(new Date()));
      for (const [index, [state, title]] of cases.entries()) t.is(states.get(String(index)), state as never, title);
      t.is(states.size, cases.length);
    }
  } finally {
    await database.close();
    await drop();
  }
});
