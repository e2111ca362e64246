import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { type AlertOptions, createAlerts } from '../../src/alerts/alerts.js';
import { UnavailableError } from '../../src/dashboard/errors.js';
import { OutageError } from '../../src/database/errors.js';
import { queueSchema } from '../../src/database/queue-schema.js';
import { LedgerError } from '../../src/errors.js';
import { groupBy } from '../../src/group-by.js';
import { createRedactor } from '../../src/redact.js';
import { openNightQueue } from '../../src/schedule/night-queue.js';
import fc from '../support/fast-check.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { type Listener, startListener, startMailServer } from './support/listeners.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

interface Message {
  event: string;
  title: string;
  body: string;
  problems: {
    account: string;
    label: string | null;
    job: string;
    since: string;
    tables: string[];
    fix: string | null;
  }[];
}

/** A ledger, a webhook, and the alerts of a host that stays up. */
async function openAlerts(t: ExecutionContext<{ server: TestServer }>) {
  const { database } = await openLedgerDatabase(t, t.context.server);
  const webhook = await startListener(t);
  const url = `${webhook.origin}/services/secret-of-the-webhook`;
  const warnings: string[] = [];
  const open = (more: Partial<AlertOptions> = {}) =>
    createAlerts({
      settings: { webhook: { url, format: 'json' }, email: undefined, pingUrl: undefined },
      timezone: 'UTC',
      titleOf: (account) => (account === '1' ? '1 (West)' : account),
      labelOf: (account) => (account === '1' ? 'West' : undefined),
      log: { warn: (text: string) => void warnings.push(text) },
      redact: createRedactor([url, '/services/secret-of-the-webhook']),
      staysUp: true,
      host: 'one',
      ...more,
    });
  const query = async (sql: string) => (await database.pool.query(sql)).rows;
  return { database, webhook, url, warnings, open, query, alerts: open() };
}

/** The messages received since the last call, without digests: on some days, deadlines are due. */
function take({ received }: Listener): Message[] {
  return received
    .splice(0)
    .map(({ body }) => JSON.parse(body))
    .filter(({ event }) => event !== 'digest');
}

const failed = (
  account: string,
  job: string,
  cause: string,
  { ago = '1 hour', error = 'the reason', hint = '' } = {},
) =>
  `insert into sync_runs (job, account_id, started_at, finished_at, status, error, hint, cause)
   values ('${job}', '${account}', now() - interval '${ago}', now() - interval '${ago}', 'failed', '${error}', nullif('${hint}', ''), '${cause}')`;
const succeeded = (account: string, job: string, ago = '0 s') =>
  `insert into sync_runs (job, account_id, started_at, finished_at, status)
   values ('${job}', '${account}', clock_timestamp() - interval '${ago}', clock_timestamp() - interval '${ago}', 'succeeded')`;
/** Moves all that was sent into the past. */
const later = (interval: string) =>
  `update alerts set attempted_at = attempted_at - interval '${interval}', alerted_at = alerted_at - interval '${interval}',
     recovered_at = recovered_at - interval '${interval}'`;

test('a failure is alerted once, with the age of its tables and the fix, again after 24 hours, and then its recovery', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  await query(succeeded('1', 'sync-orders', '26 hours'));
  await query(failed('1', 'sync-orders', 'ApiError', { error: '403', hint: 'Add the role Ordering.' }));
  await alerts.update(database);
  await alerts.update(database);
  const [message, ...others] = take(webhook);
  t.deepEqual(others, []);
  t.is(message?.event, 'failure');
  t.regex(message?.title ?? '', /^sync-orders of account 1 \(West\) is failing since \d{4}-\d\d-\d\d \d\d:\d\d UTC$/);
  t.regex(
    message?.body ?? '',
    /^403\n- sync-orders of account 1 \(West\): orders as of .+ UTC, 26 h \d min old\nFix: Add the role Ordering\. To run it again: `tn-ledger run sync-orders --account 1`$/,
  );
  t.like(message?.problems[0], { account: '1', label: 'West', job: 'sync-orders', tables: ['orders'] });

  await query(later('23 hours'));
  await alerts.update(database);
  t.deepEqual(take(webhook), []);
  await query(later('2 hours'));
  await alerts.update(database);
  t.deepEqual(
    take(webhook).map(({ event }) => event),
    ['failure'],
  );

  await query(succeeded('1', 'sync-orders'));
  await alerts.update(database);
  await alerts.update(database);
  const [recovery, ...more] = take(webhook);
  t.deepEqual(more, []);
  t.is(recovery?.title, 'recovered: sync-orders of account 1 (West) is working again');
});

test('of several hosts, one sends each message', async (t) => {
  const { database, webhook, open, query } = await openAlerts(t);
  await query(failed('1', 'sync-orders', 'ApiError'));
  const hosts = ['one', 'two', 'three'].map((host) => open({ host }));
  await Promise.all(hosts.map((host) => host.update(database)));
  t.is(take(webhook).length, 1);
  await query(succeeded('1', 'sync-orders'));
  await Promise.all(hosts.map((host) => host.update(database)));
  t.deepEqual(
    take(webhook).map(({ event }) => event),
    ['recovery'],
  );
});

test('however many accounts fail because the API is down, there is one message, and none for accounts that follow', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  for (const account of Array.from({ length: 200 }, (_, index) => String(index))) {
    await query(failed(account, 'sync-orders', 'UnavailableError', { error: `GET /accounts/${account}/orders: 503` }));
    await query(failed(account, 'nightly', 'FailedJobsError'));
  }
  await alerts.update(database);
  const [message, ...others] = take(webhook);
  t.deepEqual(others, []);
  t.regex(message?.title ?? '', /^the Dashboard API is not available: 200 jobs of 200 accounts are failing since /);
  t.regex(message?.body ?? '', /\n- and 180 more: tn-ledger status\n/);
  await query(failed('next', 'sync-orders', 'UnavailableError'));
  await alerts.update(database);
  await query(succeeded('1', 'sync-orders'));
  await alerts.update(database);
  t.deepEqual(take(webhook), [], 'it is still down for the others');
  await query(`insert into sync_runs (job, account_id, finished_at, status)
               select 'sync-orders', account_id, clock_timestamp(), 'succeeded' from sync_runs where job = 'sync-orders'`);
  await alerts.update(database);
  t.deepEqual(
    take(webhook).map(({ event }) => event),
    ['recovery'],
  );
});

test('accounts that fail one after the other for a cause of their own share a message each hour', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  await query(failed('1', 'sync-orders', 'ApiError', { error: 'account 1 may not' }));
  await alerts.update(database);
  t.is(take(webhook).length, 1);
  await query(failed('22', 'sync-orders', 'ApiError', { error: 'account 22 may not' }));
  await query(failed('333', 'sync-orders', 'ApiError', { error: 'account 333 may not' }));
  await alerts.update(database);
  t.deepEqual(take(webhook), []);
  await query(later('61 minutes'));
  await alerts.update(database);
  const [message, ...others] = take(webhook);
  t.deepEqual(others, []);
  t.deepEqual(
    message?.problems.map(({ account }) => account),
    ['22', '333'],
  );
  t.is(message?.body.split('may not').length, 2, 'errors that differ in the account only are quoted once');
});

test('a passing failure of a night that is tried again is not alerted for ten minutes', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  const queue = await openNightQueue(database, { supervise: false, onError: (error) => t.fail(error.message) });
  t.teardown(() => queue.close());
  await queue.plan({ time: new Date(), origin: 'schedule' }, ['1', '2']);
  for (const night of await queue.claim(2, undefined)) {
    await queue.retryLater(night, { error: '503', waitsFor: 'the API' });
  }
  await query(failed('1', 'sync-orders', 'UnavailableError', { ago: '1 minute' }));
  await query(failed('2', 'sync-orders', 'ShrinkError', { ago: '1 minute' }));
  await alerts.update(database);
  t.deepEqual(
    take(webhook).flatMap(({ problems }) => problems.map(({ account }) => account)),
    ['2'],
  );
  await query(`update sync_runs set started_at = started_at - interval '10 minutes' where account_id = '1'`);
  await query(`update ${queueSchema}.job set start_after = now() + interval '10 minutes'`);
  await alerts.update(database);
  const [message] = take(webhook);
  t.regex(message?.body ?? '', /\nIt is tried again by itself, the next time at .+ UTC\.\n/);
});

test('a night that could not start is alerted, although no run records it', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  const queue = await openNightQueue(database, { supervise: false, onError: (error) => t.fail(error.message) });
  t.teardown(() => queue.close());
  await queue.plan({ time: new Date(), origin: 'schedule' }, ['1']);
  const [night] = await queue.claim(1, undefined);
  if (night === undefined) throw new Error('nothing was planned');
  const unrecorded = { cause: 'CredentialsError', hint: 'Correct the credentials.' };
  await queue.finish(night, { result: 'failed', error: '401', unrecorded });
  await alerts.update(database);
  const [message] = take(webhook);
  t.regex(
    message?.body ?? '',
    /^401\n- nightly of account 1 \(West\): all tables never loaded completely\nFix: Correct the cred/,
  );
  await query(succeeded('1', 'nightly'));
  await alerts.update(database);
  t.is(take(webhook)[0]?.event, 'recovery');
});

test('an alert that could not be sent is a warning without the URL, and is sent later', async (t) => {
  const { database, webhook, warnings, alerts, query } = await openAlerts(t);
  webhook.status = 500;
  await query(failed('1', 'sync-orders', 'ApiError'));
  await alerts.update(database);
  t.is(warnings.length, 1);
  t.regex(
    warnings[0] ?? '',
    /^The alert "sync-orders .+" could not be sent by webhook: HTTP status 500\. It is tried again/,
  );
  t.notRegex(warnings[0] ?? '', /secret-of/);
  take(webhook);
  webhook.status = 200;
  await alerts.update(database);
  t.deepEqual(take(webhook), [], 'another host may be sending it');
  await query(later('6 minutes'));
  await alerts.update(database);
  t.is(take(webhook).length, 1);
});

test('a failure that was never alerted has no recovery message', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  webhook.status = 500;
  await query(failed('1', 'sync-orders', 'ApiError'));
  await alerts.update(database);
  webhook.status = 200;
  take(webhook);
  await query(succeeded('1', 'sync-orders'));
  await query(later('6 minutes'));
  await alerts.update(database);
  t.deepEqual(take(webhook), []);
  t.deepEqual(await query('select cause from alerts'), []);
});

test('a job that fails for another cause before it succeeds has a recovery message for both', async (t) => {
  const { database, webhook, alerts, query } = await openAlerts(t);
  await query(failed('1', 'sync-portins', 'ApiError', { ago: '2 hours', error: 'the role is missing' }));
  await alerts.update(database);
  await query(failed('1', 'sync-portins', 'UnavailableError'));
  await alerts.update(database);
  t.deepEqual(
    take(webhook).map(({ event }) => event),
    ['failure', 'failure'],
  );
  await query(succeeded('1', 'sync-portins'));
  await query(later('6 minutes'));
  await alerts.update(database);
  t.deepEqual(
    take(webhook).map(({ event, problems }) => [event, problems.map(({ job }) => job)]),
    [
      ['recovery', ['sync-portins']],
      ['recovery', ['sync-portins']],
    ],
  );
});

test('a host that cannot plan runs says so, and only it can say that it can again', async (t) => {
  const { database, webhook, open } = await openAlerts(t);
  const [one, two] = [open(), open({ host: 'two' })];
  const plan = () => Promise.reject(new LedgerError('401', { hint: 'Correct the credentials.' }));
  await t.throwsAsync(one.watch('planning the nightly run', plan));
  await Promise.all([one.update(database), two.update(database)]);
  const [message] = take(webhook);
  t.regex(message?.title ?? '', /^planning the nightly run is failing since /);
  t.regex(
    message?.body ?? '',
    /^401\n- planning the nightly run: nothing is loaded until it works again\nFix: Correct/,
  );
  await two.watch('planning the nightly run', async () => undefined);
  await two.update(database);
  // A new process on the same host knows nothing until it has planned a run.
  const again = open();
  await again.update(database);
  t.deepEqual(take(webhook), []);
  await again.watch('planning the nightly run', async () => undefined);
  await again.update(database);
  t.is(take(webhook)[0]?.title, 'recovered: planning the nightly run is working again');
});

test('an unreachable database is alerted after ten minutes, once in 24 hours, and its return', async (t) => {
  const { database, webhook, open } = await openAlerts(t);
  let now = Date.now();
  const alerts = open({ now: () => now });
  const fail = async (minutes: number) => {
    now += minutes * 60_000;
    await alerts.databaseFailed(new OutageError('The database is not reachable.', { hint: 'Start it.' }));
  };
  await fail(0);
  await fail(5);
  t.deepEqual(take(webhook), []);
  await fail(6);
  await fail(60);
  const [message, ...others] = take(webhook);
  t.deepEqual(others, []);
  t.regex(message?.title ?? '', /^the database is failing since /);
  t.regex(
    message?.body ?? '',
    /^The database is not reachable\.\n- the database: nothing is loaded.+\nFix: Start it\.$/,
  );
  await fail(24 * 60);
  t.is(take(webhook).length, 1);
  await alerts.update(database);
  await alerts.update(database);
  t.deepEqual(
    take(webhook).map(({ title }) => title),
    ['recovered: the database is working again'],
  );
});

test('the recovery of the database names the problem that its alert named', async (t) => {
  const { database, webhook, open } = await openAlerts(t);
  const alerts = open({ staysUp: false });
  await alerts.databaseFailed(new OutageError('The database is not reachable.', { hint: 'Start it.' }));
  await alerts.update(database);
  const [failure, recovery] = take(webhook).map(({ event, problems: [problem] }) => ({
    ...{ event, account: problem?.account, job: problem?.job, since: problem?.since },
  }));
  t.like(failure, { event: 'failure', account: '', job: 'the database' });
  t.deepEqual(recovery, { ...failure, event: 'recovery' });
});

test('alerts also go out by mail, each channel for itself', async (t) => {
  const { database, webhook, url, warnings, open, query } = await openAlerts(t);
  const password = 'p@ss/word of the mail server';
  const mail = await startMailServer(t, { user: 'ops@example.com', password });
  webhook.status = 500;
  const smtpUrl = `smtp://ops%40example.com:${encodeURIComponent(password)}@127.0.0.1:${mail.port}`;
  const to = ['a@example.com', 'b@example.com'];
  const email = { smtpUrl, from: 'ops@example.com', to };
  const settings = { webhook: { url, format: 'slack' as const }, email, pingUrl: undefined };
  await query(failed('1', 'sync-orders', 'ApiError', { error: 'a <b> & c' }));
  const alerts = open({ settings });
  await alerts.update(database);
  t.is(JSON.parse(webhook.received[0]?.body ?? '').text.split('\n')[2], 'a &lt;b&gt; &amp; c');
  t.is(mail.mails.length, 1);
  t.regex(mail.mails[0] ?? '', /^Subject: tn-ledger: sync-orders of account 1 \(West\) is failing since/m);
  t.regex(mail.mails[0] ?? '', /^To: a@example\.com, b@example\.com/m);
  t.regex(mail.mails[0] ?? '', /^a <b> & c\r$/m);
  await query(later('6 minutes'));
  await alerts.update(database);
  t.is(webhook.received.length, 2, 'the webhook did not get it');
  t.is(mail.mails.length, 1);

  const wrong = smtpUrl.replace('ops%40', 'nobody%40');
  await query(failed('2', 'sync-orders', 'ShrinkError'));
  await open({ settings: { webhook: undefined, email: { ...email, smtpUrl: wrong }, pingUrl: undefined } }).update(
    database,
  );
  t.regex(warnings.at(-1) ?? '', /could not be sent by email: .*535/);
  t.false(warnings.join().includes(password));
});

test('nights on any host are one pair of pings, with the status and what failed', async (t) => {
  const { database, open } = await openAlerts(t);
  const ping = await startListener(t);
  const settings = { webhook: undefined, email: undefined, pingUrl: `${ping.origin}/ping/uuid` };
  const hosts = ['one', 'two'].map((host) => open({ host, settings }));
  const update = () => Promise.all(hosts.map((host) => host.update(database)));
  const paths = () => ping.received.map(({ path }) => path);
  const queue = await openNightQueue(database, { supervise: false, onError: (error) => t.fail(error.message) });
  t.teardown(() => queue.close());
  await queue.plan({ time: new Date(), origin: 'schedule' }, ['1', '2']);
  await update();
  t.deepEqual(paths(), [], 'no worker has begun');
  const [one, two] = await queue.claim(2, undefined);
  if (one === undefined || two === undefined) throw new Error('not planned');
  await update();
  await queue.finish(one, { result: 'succeeded' });
  await update();
  t.deepEqual(paths(), ['/ping/uuid/start']);
  await queue.finish(two, { result: 'failed', error: 'the reason' });
  await update();
  await update();
  t.deepEqual(paths(), ['/ping/uuid/start', '/ping/uuid/1']);
  t.regex(ping.received[1]?.body ?? '', /^Nightly run of .+: 1 of 2 accounts done\n.+ failed: the reason$/);
});

test('a night that the next one replaces, or that goes on after it was planned, has the ping of its end', async (t) => {
  const { database, open } = await openAlerts(t);
  const ping = await startListener(t);
  const alerts = open({ settings: { webhook: undefined, email: undefined, pingUrl: ping.origin } });
  const queue = await openNightQueue(database, { supervise: false, onError: (error) => t.fail(error.message) });
  t.teardown(() => queue.close());
  const hour = 3_600_000;
  await queue.plan({ time: new Date(Date.now() - 24 * hour), origin: 'schedule' }, ['1', '2']);
  const [one, two] = await queue.claim(2, undefined);
  if (one === undefined || two === undefined) throw new Error('not planned');
  await alerts.update(database);
  await queue.retryLater(one, { error: 'the API is down' });
  await queue.plan({ time: new Date(), origin: 'schedule' }, ['1', '2']);
  await alerts.update(database);
  t.deepEqual(
    ping.received.splice(0).map(({ path }) => path),
    ['/start'],
  );
  await queue.finish(two, { result: 'succeeded' });
  await alerts.update(database);
  await alerts.update(database);
  const [end, ...others] = ping.received;
  t.deepEqual(others, []);
  t.is(end?.path, '/1');
  t.regex(end?.body ?? '', /^Nightly run of .+: 1 of 2 accounts done\n[12].* replaced: the API is down$/);
});

test('a process that ends soon reports everything at once, and what kept its command from starting', async (t) => {
  const { database, webhook, open, query } = await openAlerts(t);
  const once = () => open({ staysUp: false });
  await query(failed('1', 'sync-orders', 'UnavailableError', { ago: '1 s' }));
  const first = once();
  await t.throwsAsync(first.watch('tn-ledger run nightly', () => Promise.reject(new UnavailableError('503'))));
  await first.update(database);
  t.deepEqual(
    take(webhook).map(({ title }) => title.replace(/ since .*/, '')),
    [
      'the Dashboard API is not available: sync-orders of account 1 (West) is failing',
      'tn-ledger run nightly is failing',
    ],
  );
  await query(succeeded('1', 'sync-orders'));
  const second = once();
  await second.watch('tn-ledger run nightly', async () => undefined);
  await second.update(database);
  t.deepEqual(
    take(webhook).map(({ event }) => event),
    ['recovery', 'recovery'],
  );
});

test('the digest comes once a day, after the first night, with what somebody should look at', async (t) => {
  const { database, webhook, open, query } = await openAlerts(t);
  // No midnight is near.
  const alerts = open({ timezone: new Date().getUTCHours() < 12 ? 'Etc/GMT-6' : 'Etc/GMT+6' });
  const digests = () => webhook.received.map(({ body }): Message => JSON.parse(body));
  await query(`
    insert into assignment_batches (account_id, action, file_name, file_sha256, status, total_count, rejected_count, reason)
    values ('1', 'ASSIGN', 'bad.csv', 'x', 'rejected', 1, 1, 'It has no numbers.');
    insert into assignment_batches (account_id, action, file_name, file_sha256, status, total_count, accepted_count, failed_count,
                                    rejected_count, finished_at, has_action_column, batch_key)
    values ('1', 'ASSIGN', 'some.csv', 'y', 'finished', 10, 7, 1, 2, now(), false, 'k');
    insert into portins (account_id, order_id, status) select '2', 'order-' || n, 'EXCEPTION' from generate_series(1, 12) n`);
  await alerts.update(database);
  t.deepEqual(digests(), []);
  await query(`insert into sync_runs (job, account_id, status) values ('nightly', '2', 'running')`);
  await query(succeeded('1', 'nightly'));
  await alerts.update(database);
  t.deepEqual(digests(), [], 'a night is in progress');
  await query(`update sync_runs set status = 'succeeded', finished_at = clock_timestamp() where status = 'running'`);
  await alerts.update(database);
  await alerts.update(database);
  const [digest, ...others] = digests();
  t.deepEqual(others, []);
  t.is(digest?.event, 'digest');
  t.regex(
    digest?.body ?? '',
    /^1 assignment file was rejected:\n- bad\.csv of account 1 \(West\): It has no numbers\. .+--acknowledge$/m,
  );
  t.regex(
    digest?.body ?? '',
    /^- some\.csv of account 1 \(West\): 2 rejected, 1 failed\. List them: tn-ledger assignments \d+$/m,
  );
  t.regex(
    digest?.body ?? '',
    /^12 port-ins are in EXCEPTION and require a response, the oldest first:\n(- port-in order.+\n){10}- and 2 more/m,
  );
});

test('over thirty nights of random failures, each cause has one message per night, and each recovery one', async (t) => {
  const { database, webhook, open, query } = await openAlerts(t);
  const accounts = ['1', '2', '3'];
  const causes = fc.constantFrom(undefined, undefined, 'UnavailableError', 'ApiError');
  const nights = fc.sample(fc.tuple(causes, causes, causes), 30);
  /** The accounts that the last alert of each cause listed. */
  const alerted = new Map<string, string[]>();
  for (const [night, topics] of nights.entries()) {
    await query(later('24 hours'));
    await query(
      `update sync_runs set started_at = started_at - interval '24 hours', finished_at = finished_at - interval '24 hours'`,
    );
    const outcomes = accounts.map((account) => ({ account, topic: topics[accounts.indexOf(account)] }));
    for (const { account, topic } of outcomes) {
      await query(topic === undefined ? succeeded(account, 'sync-orders') : failed(account, 'sync-orders', topic));
    }
    const failing = groupBy(
      outcomes.flatMap(({ account, topic }) => (topic === undefined ? [] : [{ account, topic }])),
      ({ account, topic }) => (topic === 'UnavailableError' ? topic : `${topic} ${account}`),
    );
    const expected = new Set([...failing.values()].map(([{ topic }]) => `failure ${topic}`));
    for (const [cause, listed] of alerted) {
      // Where all fail for other causes now, it is not known to be over.
      const hasSucceeded = outcomes.some(({ account, topic }) => topic === undefined && listed.includes(account));
      if (failing.has(cause) || !hasSucceeded) continue;
      alerted.delete(cause);
      expected.add(`recovery ${cause.split(' ')[0]}`);
    }
    for (const [cause, group] of failing) {
      alerted.set(
        cause,
        group.map(({ account }) => account),
      );
    }
    // Every night, the processes are new.
    const hosts = ['one', 'two'].map((host) => open({ host }));
    for (let round = 0; round < 2; round += 1) await Promise.all(hosts.map((host) => host.update(database)));
    const sent = take(webhook);
    const failures = sent
      .filter(({ event }) => event === 'failure')
      .map(({ title }) => `failure ${title.includes('Dashboard API') ? 'UnavailableError' : 'ApiError'}`);
    t.deepEqual(failures.sort(), [...expected].filter((each) => each.startsWith('failure')).sort(), `night ${night}`);
    t.is(sent.length, expected.size, `night ${night}: ${[...expected].join(', ')}`);
  }
  t.true(((await query('select count(*)::integer as count from alerts'))[0]?.count ?? 0) <= 40);
});
