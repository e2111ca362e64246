import { mock } from 'node:test';
import anyTest, { type TestFn } from 'ava';
import { checkClocks } from '../../src/cli/check-clocks.js';
import { rejectFutureDays } from '../../src/cli/day-options.js';
import type { ApiSession } from '../../src/cli/session.js';
import { ClockError } from '../../src/dashboard/errors.js';
import { UsageError } from '../../src/errors.js';
import { clientFor, sendXml, serve } from '../dashboard/support.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());
test.afterEach.always(() => mock.timers.reset());

const dayMs = 86_400_000;
const maxClockDifferenceMs = 600_000;

test.serial('if the database clock differs from the API clock, the error names the database', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const server = await serve(t, (_, response) => {
    response.setHeader('date', new Date().toUTCString());
    sendXml(response, '<A/>');
  });
  const { client } = clientFor(t, server, { maxClockDifferenceMs });
  const session = { config: { api: { maxClockDifferenceMs } } } as ApiSession;
  const check = () => checkClocks(session, ['9'], () => ({ client, database, signal: new AbortController().signal }));
  await t.notThrowsAsync(check());
  // Mocks the clock of this process, which includes the API. The database is another process.
  mock.timers.enable({ apis: ['Date'], now: Date.now() + dayMs + 90_000 });
  await t.throwsAsync(check(), {
    instanceOf: ClockError,
    message:
      /^The clock of the database .+ is 24 h \d+ min behind the API's\..* No job was started, and nothing was read or sent\.$/,
  });
});

test.serial('future days are rejected by the database clock, whatever this machine’s clock', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const today = new Date().toISOString().slice(0, 10);
  const later = new Date(Date.now() + 3 * dayMs).toISOString().slice(0, 10);
  for (const off of [-9 * dayMs, 9 * dayMs]) {
    mock.timers.enable({ apis: ['Date'], now: Date.now() + off });
    await t.notThrowsAsync(rejectFutureDays(database, { '--from': today, '--to': undefined }));
    await t.throwsAsync(rejectFutureDays(database, { '--from': today, '--to': later }), {
      instanceOf: UsageError,
      message: /^--to \S+ is in the future: today is /,
    });
    mock.timers.reset();
  }
});
