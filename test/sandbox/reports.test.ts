import test from 'ava';
import { get, parse, post, sandboxFor } from './client.js';

const instances = '/accounts/9900000/reports/34/instances';

const instance = (format: string, parameters: string) =>
  `<Instance><OutputFormat>${format}</OutputFormat><Parameters>${parameters}</Parameters><ExpiresAt>2026-10-20</ExpiresAt></Instance>`;
const ofAccount = '<Parameter><Name>AccountId</Name><Value>9900000</Value></Parameter>';

test('reports, their parameters, and instances have the shapes of the API reference', async (t) => {
  const sandbox = await sandboxFor(t, {
    numbers: 20,
    now: new Date('2026-10-12T06:00:00Z'),
    reports: { pace: { reads: 2 } },
  });
  const { Report } = parse((await get(sandbox, '/accounts/9900000/reports')).body).ReportsResponse.Reports;
  t.like(Report[0], { Id: '34', Name: 'End-User Phone Number Assignment' });
  const report = parse((await get(sandbox, '/accounts/9900000/reports/34')).body).ReportResponse.Report;
  t.like(report.Parameters.Parameter[0], { Name: 'AccountId', Type: 'Account ID', Required: 'true' });
  const unknown = await get(sandbox, '/accounts/9900000/reports/35');
  t.is(unknown.status, 404);
  t.is(parse(unknown.body).ReportResponse.ResponseStatus.ErrorCode, '19000');

  const incomplete = await post(sandbox, instances, instance('csv', ''));
  t.is(incomplete.status, 400);
  t.is(parse(incomplete.body).ReportInstanceResponse.ResponseStatus.ErrorCode, '19032');
  t.is((await post(sandbox, instances, instance('doc', ofAccount))).status, 400);
  t.deepEqual(sandbox.reports.instances, []);

  const created = await post(sandbox, instances, instance('csv', ofAccount));
  t.is(created.status, 201);
  t.is(created.body, '');
  const id = created.headers.get('location')?.split('/').at(-1);
  const path = `${instances}/${id}`;
  const early = await get(sandbox, `${path}/file`);
  t.is(early.status, 202);
  t.is(parse(early.body).ReportInstanceFileResponse.ResponseStatus.ErrorCode, '19048');
  const read = async () => parse((await get(sandbox, path)).body).ReportInstanceResponse.Instance;
  t.like(await read(), {
    ...{ Id: id, ReportId: '34', OutputFormat: 'csv', Status: 'In Progress' },
    Parameters: { Parameter: { Name: 'AccountId', Value: '9900000' } },
  });
  const ready = await read();
  t.is(ready.Status, 'Ready');
  t.regex(ready.RequestedAt, /^2026-10-12 06:0\d:\d\d$/);
  t.is(parse((await get(sandbox, instances)).body).ReportInstancesResponse.Instances.Instance.Id, id);
  const file = await get(sandbox, `${path}/file`);
  t.is(file.status, 200);
  const [header, ...rows] = file.body.trimEnd().split('\r\n');
  t.is(header, 'Telephone Number,Assignment Status,Sub-account,Location');
  t.is(rows.length, sandbox.account('9900000').inServiceCount);

  sandbox.clock.advance(9 * 86_400_000);
  t.is((await read()).Status, 'Expired');
  t.is((await get(sandbox, `${path}/file`)).status, 404);
  const missing = await get(sandbox, `${instances}/1`);
  t.is(parse(missing.body).ReportInstanceResponse.ResponseStatus.ErrorCode, '19019');
});

test('the assignment report has the latest accepted mark of each number, and oddities change some of them', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 30, now: new Date('2026-10-12T06:00:00Z') });
  const account = sandbox.account('9900000');
  const numbers = [...account.numbers()]
    .filter(({ listedInService }) => listedInService)
    .map(({ telephoneNumber }) => telephoneNumber);
  account.placeAssignment({ action: 'ASSIGN', numbers: numbers.slice(0, 10), done: true });
  sandbox.clock.advance(1000);
  account.placeAssignment({ action: 'UNASSIGN', numbers: numbers.slice(0, 2), done: true });
  const report = async () => {
    await post(sandbox, instances, instance('csv', ofAccount));
    const path = `${instances}/${sandbox.reports.instances.at(-1)?.id}`;
    await get(sandbox, path);
    const [, ...rows] = (await get(sandbox, `${path}/file`)).body.trimEnd().split('\r\n');
    return new Map(rows.map((row) => row.split(',').slice(0, 2) as [string, string]));
  };
  const plain = await report();
  for (const [index, number] of numbers.entries()) {
    t.is(plain.get(number), index >= 2 && index < 10 ? 'Assigned' : 'Unassigned', number);
  }
  sandbox.oddities = { 'report-differs': 3, 'report-unknown-status': 2, e164: 1 };
  const odd = await report();
  const statuses = [...odd].map(([number, status]) => [number.replace(/^\+1/, ''), status] as const);
  t.true([...odd.keys()].every((number) => number.startsWith('+')));
  t.is(statuses.filter(([, status]) => status === 'Pending review').length, 2);
  t.is(statuses.filter(([number, status]) => status !== plain.get(number)).length, 5);
});
