import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { RunReport } from '../../src/run/job.js';
import type { SandboxOptions } from '../../src/sandbox/server.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const job = 'fetch-assignment-report';
/** A Monday. */
const now = new Date('2026-10-12T06:00:00Z');
const hour = 3_600_000;
const day = 24 * hour;

/** A ledger with an inventory and marks that match the sandbox. */
async function open(t: ExecutionContext<{ server: TestServer }>, sandbox: SandboxOptions = {}): Promise<Ledger> {
  const ledger = await openLedger(t, t.context.server, {
    assignmentReport: { schedule: 'weekly' },
    sandbox: { numbers: 60, now, ...sandbox },
  });
  const numbers = ledger.sandbox.account(account);
  const held = [...numbers.numbers()].filter(({ listedInService }) => listedInService);
  const some = held.slice(0, 20).map(({ telephoneNumber }) => telephoneNumber);
  numbers.placeAssignment({ action: 'ASSIGN', numbers: some, done: true });
  ledger.sandbox.clock.advance(hour);
  numbers.placeAssignment({ action: 'UNASSIGN', numbers: some.slice(15), done: true });
  ledger.sandbox.clock.advance(hour);
  for (const each of ['sync-inservice-numbers', 'sync-number-details', 'sync-number-assignments']) {
    const { result, error } = await ledger.run(each);
    t.is(result, 'succeeded', error?.message);
  }
  return ledger;
}

async function fetch(
  t: ExecutionContext,
  ledger: Ledger,
  options: Parameters<Ledger['run']>[1] = {},
): Promise<RunReport> {
  const report = await ledger.run(job, options);
  t.is(report.result, 'succeeded', report.error?.message);
  return report;
}

const instances = ({ sandbox }: Ledger) => sandbox.reports.instances.map(({ id }) => id);

const requests = (ledger: Ledger) =>
  ledger.query(
    `select period_start::text as period, instance_id, state, row_count::int as rows, number_count::int as numbers,
            unknown_count::int as unknown, rejected_count::int as rejected, error
       from assignment_reports order by period_start`,
  );

const differences = (ledger: Ledger) =>
  ledger.query<{
    telephone_number: string;
    difference: string;
    ledger_status: string | null;
    report_status: string | null;
  }>(
    `select telephone_number, difference, ledger_status, report_status
       from assignment_report_differences('${account}') order by difference, telephone_number`,
  );

const counts = async (ledger: Ledger) => {
  const found: Record<string, number> = {};
  for (const { difference } of await differences(ledger)) found[difference] = (found[difference] ?? 0) + 1;
  return found;
};

const reset = (ledger: Ledger) =>
  ledger.query('truncate assignment_reports, assignment_report_numbers, assignment_report_rejects');

test('a weekly report is created once, loaded, and agrees with the ledger', async (t) => {
  const ledger = await open(t);
  const first = await fetch(t, ledger);
  t.deepEqual(first.warnings, []);
  const [instance] = ledger.sandbox.reports.instances;
  t.like(instance, {
    reportId: '34',
    outputFormat: 'csv',
    parameters: [['AccountId', account]],
    expiresAt: '2026-10-26',
  });
  const held = ledger.sandbox.account(account).inServiceCount;
  t.deepEqual(first.counts, { pages: 1, rowsRead: held, rowsWritten: held });
  t.deepEqual(await requests(ledger), [
    {
      period: '2026-10-12',
      instance_id: instance?.id,
      state: 'loaded',
      rows: held,
      numbers: held,
      unknown: 0,
      rejected: 0,
      error: null,
    },
  ]);
  const [marks] = await ledger.query(
    `select count(*) filter (where assignment_status = 'ASSIGNED')::int as assigned, count(*)::int as all from assignment_report_numbers`,
  );
  t.is(marks?.all, held);
  t.true((marks?.assigned as number) > 0, 'the comparison is only meaningful with assigned numbers');
  t.deepEqual(await differences(ledger), []);
  t.like((await ledger.query('select columns, ignored_columns, form_version from assignment_reports'))[0], {
    columns: { number: 'Telephone Number', status: 'Assignment Status' },
    ignored_columns: ['Sub-account', 'Location'],
    form_version: '2026-11',
  });

  // The rest of the week needs nothing, not even a request.
  ledger.sandbox.clock.advance(6 * day);
  ledger.sandbox.clearRequests();
  await fetch(t, ledger);
  t.deepEqual(
    ledger.sandbox.requests.filter(({ path }) => path.includes('reports')),
    [],
  );
  ledger.sandbox.clock.advance(day);
  const next = await fetch(t, ledger);
  t.is(instances(ledger).length, 2);
  t.is(next.counts.rowsWritten, 0, 'only what differs from the previous report is written');
  t.deepEqual(
    (await requests(ledger)).map(({ period, state }) => [period, state]),
    [
      ['2026-10-12', 'replaced'],
      ['2026-10-19', 'loaded'],
    ],
  );
  t.deepEqual(await readdir(join(ledger.dataDir, 'downloads')), [
    `${account}-assignment-report-${instances(ledger)[1]}.csv`,
  ]);
});

test('a nightly report is created once a day, and a change of the setting creates no second one in the same period', async (t) => {
  const ledger = await open(t);
  const nightly = { assignmentReport: { schedule: 'nightly' } } as const;
  await fetch(t, ledger);
  await fetch(t, ledger, nightly);
  t.is(instances(ledger).length, 1);
  ledger.sandbox.clock.advance(day);
  await fetch(t, ledger, nightly);
  await fetch(t, ledger, nightly);
  await fetch(t, ledger);
  t.is(instances(ledger).length, 2);
});

test('off does nothing', async (t) => {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 5, now } });
  const report = await fetch(t, ledger);
  t.deepEqual([report.warnings, ledger.sandbox.requests], [[], []]);
});

test('each kind of difference is found, and numbers that the report omits are not contradictions', async (t) => {
  const ledger = await open(t);
  const held = [...ledger.sandbox.account(account).numbers()].filter(({ listedInService }) => listedInService);
  const find = (status: 'Assigned' | 'Unassigned', n: number) => (rows: { number: string; status: string }[]) =>
    rows.filter((row) => row.status === status)[n] as { number: string; status: string };
  let changed: Record<string, string> = {};
  ledger.sandbox.reports.rows = (rows) => {
    const [assigned, unassigned, unknown, twice, omitted] = [
      find('Assigned', 0)(rows),
      find('Unassigned', 0)(rows),
      find('Unassigned', 1)(rows),
      find('Assigned', 1)(rows),
      find('Unassigned', 2)(rows),
    ];
    changed = {
      [assigned.number]: 'assigned in the ledger only',
      [unassigned.number]: 'assigned in the report only',
      [unknown.number]: 'status not understood',
      [twice.number]: 'status not understood',
      [omitted.number]: 'not in the report',
      '9195559999': 'not in the inventory',
    };
    const others = rows.filter((row) => ![assigned, unassigned, unknown, omitted].includes(row));
    return [
      { number: assigned.number, status: 'UNASSIGNED' },
      { number: `+1${unassigned.number}`, status: ' assigned ' },
      { number: unknown.number, status: 'Pending review' },
      { number: twice.number, status: 'Unassigned' },
      { number: '(919) 555-9999', status: 'Assigned' },
      { number: 'see below', status: 'Assigned' },
      ...others,
    ];
  };
  const report = await fetch(t, ledger);
  t.deepEqual(
    Object.fromEntries(
      (await differences(ledger)).map(({ telephone_number, difference }) => [telephone_number, difference]),
    ),
    changed,
  );
  t.is(report.rejected, 1);
  t.deepEqual(await ledger.query('select line_number, number, status from assignment_report_rejects'), [
    { line_number: 7, number: 'see below', status: 'Assigned' },
  ]);
  t.like((await requests(ledger))[0], { unknown: 2, rejected: 1, rows: held.length + 2, numbers: held.length });
  t.is(report.warnings.length, 3);
  t.regex(
    report.warnings[0] as string,
    /the status of 2 numbers is not understood or contradictory \("Assigned \/ Unassigned", "Pending review"\)/,
  );
  t.regex(
    report.warnings[1] as string,
    /1 lines have no number that can be read; they are in assignment_report_rejects/,
  );
  t.regex(
    report.warnings[2] as string,
    /contradict each other .*: 1 assigned in the ledger only, 1 assigned in the report only\./,
  );
});

test('the ledger is compared as it was at the time of the report, not as it is now', async (t) => {
  const ledger = await open(t);
  await fetch(t, ledger);
  const [row] = await ledger.query<{ telephone_number: string }>(
    `select telephone_number from assignment_report_numbers where assignment_status = 'UNASSIGNED' limit 1`,
  );
  const numbers = [row?.telephone_number as string];
  ledger.sandbox.clock.advance(hour);
  ledger.sandbox.account(account).placeAssignment({ action: 'ASSIGN', numbers, done: true });
  await ledger.run('sync-number-assignments');
  t.deepEqual(
    await ledger.query('select assignment_status from telephone_numbers where telephone_number = $1', numbers),
    [{ assignment_status: 'ASSIGNED' }],
  );
  t.deepEqual(await differences(ledger), []);
  // An order that the ledger learns of later, placed before the report was requested.
  await ledger.query(
    `update assignment_reports set requested_at = requested_at + interval '2 hours', created_at = created_at + interval '2 hours', ready_at = ready_at + interval '2 hours'`,
  );
  t.deepEqual(await counts(ledger), { 'assigned in the ledger only': 1 });
});

test('a number marked while the report was made is no difference either way', async (t) => {
  const ledger = await open(t, { reports: { pace: { ms: hour } } });
  const waiting = await fetch(t, ledger, { assignmentReport: { schedule: 'weekly', timeoutMs: 0 } });
  t.regex(waiting.warnings.join(), /was not ready in time \(In Progress\)\. The next run waits for it again\./);
  const held = ledger.sandbox.account(account);
  const number = [...held.numbers()].find(({ listedInService }) => listedInService)?.telephoneNumber as string;
  ledger.sandbox.clock.advance(hour / 2);
  held.placeAssignment({ action: 'ASSIGN', numbers: [number], done: true });
  ledger.sandbox.clock.advance(hour);
  await fetch(t, ledger);
  await ledger.run('sync-number-assignments');
  t.is(instances(ledger).length, 1);
  t.deepEqual(await differences(ledger), []);
});

test('a run that was killed before the id was known finds its instance and creates no second one', async (t) => {
  const ledger = await open(t);
  await fetch(t, ledger);
  // As if the process had ended right after the POST.
  await ledger.query(
    `update assignment_reports set state = 'requesting', instance_id = null, other_instances = '{}', file_name = null`,
  );
  await fetch(t, ledger);
  t.is(instances(ledger).length, 1);
  t.like((await requests(ledger))[0], { state: 'loaded', instance_id: instances(ledger)[0] });
});

test('a run that was killed before the POST creates the instance', async (t) => {
  const ledger = await open(t);
  await fetch(t, ledger);
  await ledger.query(
    `update assignment_reports set state = 'requesting', instance_id = null, other_instances = array[instance_id], file_name = null`,
  );
  await fetch(t, ledger);
  t.is(instances(ledger).length, 2);
  t.like((await requests(ledger))[0], { state: 'loaded', instance_id: instances(ledger)[1] });
});

test('a lost answer to the request creates no second instance', async (t) => {
  const ledger = await open(t);
  ledger.sandbox.faults = { 'lost-answer': 1 };
  await fetch(t, ledger);
  t.is(instances(ledger).length, 1);
  t.like((await requests(ledger))[0], { state: 'loaded' });
});

test('an instance that fails, expires or is lost is reported, and only the next period gets another', async (t) => {
  const ledger = await open(t);
  const loaded = await fetch(t, ledger);
  t.deepEqual(loaded.warnings, []);
  for (const [outcome, pattern] of [
    ['Failed', /instance \d+ has the status Failed\. The next week gets a new one\./],
    ['Expired', /has the status Expired/],
  ] as const) {
    ledger.sandbox.clock.advance(7 * day);
    ledger.sandbox.reports.outcome = outcome;
    const before = instances(ledger).length;
    t.regex((await fetch(t, ledger)).warnings.join(), pattern);
    t.deepEqual((await fetch(t, ledger)).warnings, []);
    t.is(instances(ledger).length, before + 1);
  }
  ledger.sandbox.clock.advance(7 * day);
  ledger.sandbox.reports.refuse.read = [{ status: 404, code: '19019', description: 'No report instance found' }];
  t.regex(
    (await fetch(t, ledger)).warnings.join(),
    /Bandwidth can't find instance \d+ \(19019 No report instance found\)/,
  );
  t.deepEqual(
    (await requests(ledger)).map(({ state }) => state),
    ['loaded', 'failed', 'failed', 'failed'],
    'the last good report stays',
  );
  t.deepEqual(await differences(ledger), []);
});

test('an unknown status is reported once and waited for, and given up after three days', async (t) => {
  const ledger = await open(t, { reports: { outcome: 'Archiving' } });
  const short = { assignmentReport: { schedule: 'weekly', timeoutMs: 5 } } as const;
  const first = await fetch(t, ledger, short);
  t.regex(
    first.warnings[0] as string,
    /has the status "Archiving", which is not known; it is treated as still being made/,
  );
  t.is(first.warnings.filter((each) => each.includes('not known')).length, 1);
  ledger.sandbox.clock.advance(3 * day + hour);
  t.regex((await fetch(t, ledger, short)).warnings.join(), /was not ready 3 days after it was requested \(Archiving\)/);
  t.is(instances(ledger).length, 1);
});

test('an account without the role or the report keeps its nightly run, with a warning that says what to do', async (t) => {
  const ledger = await open(t);
  for (const [oddity, pattern] of [
    [
      'forbid-reports',
      /no access to assignment reports of account 9900000: a role is missing\. .*set TN_LEDGER_ASSIGNMENT_REPORT=off/,
    ],
    [
      'no-assignment-report',
      /Bandwidth doesn't offer report 34 to the account \(offered: 31 External TN details, 47 .*set TN_LEDGER_ASSIGNMENT_REPORT=off/,
    ],
  ] as const) {
    ledger.sandbox.oddities = { [oddity]: 1 };
    const report = await fetch(t, ledger);
    t.is(report.warnings.length, 1);
    t.regex(report.warnings[0] as string, pattern);
  }
  t.deepEqual(await requests(ledger), []);
  ledger.sandbox.oddities = {};
  ledger.sandbox.reports.refuse.request = [{ status: 400, code: '19032', description: 'Missing parameters: X' }];
  t.regex((await fetch(t, ledger)).warnings.join(), /19032 Missing parameters: X.*TN_LEDGER_ASSIGNMENT_REPORT=off/);
  ledger.sandbox.reports.otherParameters = ['Region'];
  t.regex(
    (await fetch(t, ledger)).warnings.join(),
    /requires parameters that this version doesn't know: Region \(String\)/,
  );
  t.deepEqual(await requests(ledger), [], 'nothing was created, so the next run tries again');
  ledger.sandbox.reports.otherParameters = [];
  t.deepEqual((await fetch(t, ledger)).warnings, []);
});

test('unknown headings or statuses wait for the form file, without another download or instance', async (t) => {
  const ledger = await open(t, { reports: { headings: ['Nummer X', 'Zustand', 'A', 'B'] } });
  const form = join(ledger.dataDir, 'forms.yaml');
  const weekly = { schedule: 'weekly', formFile: form } as const;
  const section = (status: string, assigned: string) => `assignment_report:
  version: ours
  source: the file of October
  date: 2026-10-12
  verified: true
  report_id: 34
  report_name: assignment
  number: [Nummer X]
  status: [${status}]
  assigned: [${assigned}]
  unassigned: [Unassigned]
`;
  const first = await fetch(t, ledger);
  t.regex(
    first.warnings.join(),
    /no known headings .*Its first line is: "Nummer X", "Zustand", "A", "B"\. Add the missing words to the section assignment_report/,
  );
  ledger.sandbox.clock.advance(7 * day);
  await writeFile(form, section('A', 'Assigned'));
  const second = await fetch(t, ledger, { assignmentReport: weekly });
  t.regex(second.warnings.join(), /None of its statuses is known, such as "Raleigh, NC"/);
  t.like((await requests(ledger))[0], { state: 'downloaded' });
  t.is(instances(ledger).length, 1);
  ledger.sandbox.clearRequests();
  await writeFile(form, section('Zustand', 'Assigned'));
  const third = await fetch(t, ledger, { assignmentReport: weekly });
  t.deepEqual(third.warnings, []);
  // Then the new week gets its own.
  t.deepEqual(
    (await requests(ledger)).map(({ state }) => state),
    ['replaced', 'loaded'],
  );
  t.is(ledger.sandbox.requests.filter(({ path }) => path.endsWith('/file')).length, 1);
});

test('a ZIP archive with one CSV file is read; anything else is not loaded', async (t) => {
  const ledger = await open(t, { reports: { zipped: true } });
  await fetch(t, ledger);
  t.deepEqual(await differences(ledger), []);
  t.like((await requests(ledger))[0], { state: 'loaded' });
  for (const [behavior, pattern] of [
    [{ zipped: true, otherFiles: [{ name: 'b.csv', content: 'x' }] }, /is a ZIP archive of 2 files, not of one/],
    [{ zipped: false, otherFiles: [], content: '%PDF-1.7 \0' }, /assignment-report-\d+\.csv is/],
    [{ content: 'Telephone Number,Assignment Status\r\n' }, /None of its 0 lines has a number that can be read/],
  ] as const) {
    ledger.sandbox.clock.advance(7 * day);
    Object.assign(ledger.sandbox.reports, behavior);
    const report = await fetch(t, ledger);
    t.regex(report.warnings.join(), pattern);
    t.is((await requests(ledger)).at(-1)?.state, 'failed');
  }
  t.like((await requests(ledger))[0], { state: 'loaded' });
  t.deepEqual(await differences(ledger), []);
});

test('a report is found again on another host, which downloads it itself', async (t) => {
  const ledger = await open(t, { reports: { headings: ['?', '?', '?', '?'] } });
  await fetch(t, ledger);
  t.like((await requests(ledger))[0], { state: 'downloaded' });
  await ledger.query(`update assignment_reports set file_name = 'elsewhere.csv'`);
  ledger.sandbox.reports.content = 'TN,Assigned\r\n9195550000,yes\r\n';
  await fetch(t, ledger);
  t.like((await requests(ledger))[0], { state: 'loaded', numbers: 1 });
  t.is(instances(ledger).length, 1);
  await reset(ledger);
});
