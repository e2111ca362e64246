import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { cli, makeDatabase, makeFolder, settingsOf, startCli, startProxy, until } from './support.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const weekly = { TN_LEDGER_ASSIGNMENT_REPORT: 'weekly', TN_LEDGER_LOG_LEVEL: 'warn' };

async function open(t: ExecutionContext, options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ numbers: 40, ...options });
  t.teardown(() => sandbox.close());
  const database = await makeDatabase(t, server);
  const cwd = await makeFolder(t);
  const env = { ...settingsOf(sandbox, database.url), ...weekly };
  return { sandbox, database, cwd, env, run: (...args: string[]) => cli(t, args, { cwd, env }) };
}

/** Marks a few numbers, and reads the inventory and the marks. */
async function fill(t: ExecutionContext, { sandbox, run }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const account = sandbox.account('9900000');
  const held = [...account.numbers()].filter(({ listedInService }) => listedInService);
  const numbers = held.slice(0, 12).map(({ telephoneNumber }) => telephoneNumber);
  account.placeAssignment({ action: 'ASSIGN', numbers, orderDate: new Date(Date.now() - 86_400_000), done: true });
  const { status, output } = await run(
    ...['run', 'sync-inservice-numbers', 'sync-number-details', 'sync-number-assignments'],
  );
  t.is(status, 0, output);
}

const reportPosts = ({ requests }: Sandbox) =>
  requests.filter(({ method, path }) => method === 'POST' && path.includes('/reports/')).length;

test('differences from the report are in the summary, the audit, and the HTML report', async (t) => {
  const place = await open(t, { oddities: { 'report-differs': 5, 'report-unknown-status': 2, e164: 0.5 } });
  const { run, cwd } = place;
  await fill(t, place);
  const fetched = await run('run', 'fetch-assignment-report');
  t.is(fetched.status, 0, fetched.output);
  t.regex(fetched.stdout, /fetch-assignment-report/);
  t.regex(fetched.output, /the status of 2 numbers is not understood or contradictory \("Pending review"\)/);
  const [, ledgerOnly = '0', reportOnly = '0'] =
    /contradict each other for numbers of account 9900000: (?:(\d+) assigned in the ledger only)?(?:, )?(?:(\d+) assigned in the report only)?\./.exec(
      fetched.output,
    ) ?? [];
  t.is(Number(ledgerOnly) + Number(reportOnly), 5, fetched.output);
  const again = await run('run', 'fetch-assignment-report', '--json');
  t.is(again.status, 0, again.output);
  t.is(reportPosts(place.sandbox), 1);
  t.regex(again.stdout, /"job": "fetch-assignment-report"/);

  const today = new Date().toISOString().slice(0, 10);
  const audit = await run('audit', '--as-of', today, '--json');
  t.is(audit.status, 0, audit.output);
  const { findings } = JSON.parse(audit.stdout) as { findings: { id: string; count: number }[] };
  const counts = Object.fromEntries(findings.map(({ id, count }) => [id, count]));
  t.like(counts, {
    'assigned-in-ledger-only': Number(ledgerOnly),
    'assigned-in-report-only': Number(reportOnly),
    'report-status-unknown': 2,
    'assignment-report-missing': 0,
  });
  const text = await run('audit', '--as-of', today);
  t.regex(
    text.stdout,
    /^Numbers whose status in Bandwidth's assignment report is not understood, or contradictory: 2$/m,
  );

  const report = await run('report', '--out', 'report.html');
  t.is(report.status, 0, report.output);
  const html = await readFile(join(cwd, 'report.html'), 'utf8');
  const [, table = ''] = /<table id="assignment-difference-examples">.*?<tbody>(.*?)<\/tbody>/s.exec(html) ?? [];
  t.is(table.match(/<tr>/g)?.length, 7);
  t.regex(table, /status not understood.*Pending review/s);
  t.deepEqual((await readdir(join(cwd, 'data', 'downloads'))).length, 1);
});

test('a run killed between the request and the download resumes with the same instance', async (t) => {
  const place = await open(t);
  const { sandbox, database, cwd, run } = place;
  await fill(t, place);
  let isHeld = false;
  const proxy = await startProxy(t, sandbox, async (request) => {
    if (!request.url?.endsWith('/file')) return undefined;
    isHeld = true;
    await new Promise(() => undefined);
    return undefined;
  });
  const killed = startCli(t, ['run', 'fetch-assignment-report'], {
    cwd,
    env: { ...settingsOf(sandbox, database.url, proxy), ...weekly },
  });
  await until(async () => isHeld);
  killed.child.kill('SIGKILL');
  await killed.result;
  t.deepEqual(await database.query('select state from tn_ledger.assignment_reports'), [{ state: 'waiting' }]);
  const resumed = await run('run', 'fetch-assignment-report');
  t.is(resumed.status, 0, resumed.output);
  t.is(reportPosts(sandbox), 1);
  t.like((await database.query('select state, number_count::int as numbers from tn_ledger.assignment_reports'))[0], {
    state: 'loaded',
    numbers: sandbox.account('9900000').inServiceCount,
  });
  t.deepEqual(await database.query('select * from tn_ledger.assignment_report_differences()'), []);
});
