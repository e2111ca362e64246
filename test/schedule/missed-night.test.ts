import test from 'ava';
import { openDatabase } from '../../src/database/connect.js';
import { migrate } from '../../src/database/migrations.js';
import { nightStates } from '../../src/schedule/missed-night.js';
import { startPostgres, type TestServer, withFreshDatabase } from '../support/postgres.js';

let server: TestServer;
test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const minute = 60_000;

test('how accounts stand to a night follows from the runs of nightly, whoever started them', async (t) => {
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
    t.deepEqual(await nightStates(database, ['9'], due, now), new Map([['9', 'newcomer']]), 'on an empty database');
    await migrate(database);
    /** One run: its job, when it began and ended (minutes before now), and how. */
    type Run = [job: string, began: number, ended: number | null, status: string];
    const cases: [string, string, Run[]][] = [
      ['newcomer', 'other jobs are no night', [['sync-orders', 10, 9, 'succeeded']]],
      ['missed', 'the last night is the one before', [['nightly', 1500, 1400, 'succeeded']]],
      ['missed', 'the night before was cut short', [['nightly', 1500, 1400, 'interrupted']]],
      ['missed', 'a run ended before', [['nightly', 90, 65, 'succeeded']]],
      ['run', 'it was run on time', [['nightly', 60, 50, 'succeeded']]],
      ['run', 'the two clocks differ a little', [['nightly', 60.5, 50, 'succeeded']]],
      ['run', 'it failed: that was its one time', [['nightly', 60, 50, 'failed']]],
      ['run', 'it was run by hand at noon', [['nightly', 20, 10, 'succeeded']]],
      ['run', 'a run begun earlier was going on', [['nightly', 90, 30, 'succeeded']]],
      ['missed', 'a run begun earlier was going on and was cut short', [['nightly', 90, 30, 'interrupted']]],
      ['cut short', 'it was interrupted', [['nightly', 60, 50, 'interrupted']]],
      ['cut short', 'its process was killed', [['nightly', 60, null, 'running']]],
      [
        'given up',
        'it was cut short twice',
        [
          ['nightly', 60, 50, 'interrupted'],
          ['nightly', 40, null, 'running'],
        ],
      ],
      [
        'run',
        'it was cut short, and then run',
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
    // A machine whose clock is hours off measures both its now and the night with it.
    for (const offset of [0, -300 * minute, 300 * minute]) {
      const moved = (date: Date) => new Date(date.getTime() + offset);
      const states = await nightStates(database, accounts, moved(due), moved(new Date()));
      for (const [index, [state, title]] of cases.entries()) t.is(states.get(String(index)), state as never, title);
      t.is(states.size, cases.length);
    }
  } finally {
    await database.close();
    await drop();
  }
});
