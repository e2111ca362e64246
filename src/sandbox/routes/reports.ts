import { type Answer, badRequest, empty, Refusal, xml } from '../answer.js';
import { zipWhole } from '../billing/zip.js';
import { assignmentReportCsv } from '../reports/assignment-report.js';
import type { ReportBehavior } from '../reports/behavior.js';
import type { InstanceState } from '../reports/instance-store.js';
import { accountOf, type Call, type Route } from '../route.js';
import type { SandboxState } from '../state.js';
import { errorXml, escapeXml, line, xmlDeclaration } from '../xml.js';
import { bodyOf } from './billing-common.js';

const listRoot = 'ReportsResponse';
const reportRoot = 'ReportResponse';
const instancesRoot = 'ReportInstancesResponse';
const instanceRoot = 'ReportInstanceResponse';
const fileRoot = 'ReportInstanceFileResponse';

/** The reports that Bandwidth's OpenAPI description names. Only the first has instances here. */
const reports = [
  { id: '34', name: 'End-User Phone Number Assignment' },
  { id: '31', name: 'External TN details' },
  { id: '47', name: 'Under-utilized' },
  { id: '48', name: 'Utilization' },
];
const assignment = '34';

function offered({ state }: Call) {
  return reports.filter(({ id }) => id !== assignment || !state.oddities['no-assignment-report']);
}

function list(call: Call): Answer {
  const items = offered(call).map(
    ({ id, name }) => `        <Report>
            <Name>${escapeXml(name)}</Name>
            <Id>${id}</Id>
            <Description>${escapeXml(name)}</Description>
        </Report>
`,
  );
  return xml(`${xmlDeclaration}<${listRoot}>
    <Reports>
${items.join('')}    </Reports>
</${listRoot}>
`);
}

function reportOf(call: Call, root: string): (typeof reports)[number] {
  const { reportId = '' } = call.params;
  const report = offered(call).find(({ id }) => id === reportId);
  if (report !== undefined) return report;
  throw new Refusal(xml(errorXml(root, `No report found with report ID of '${reportId}'`, '19000'), 404));
}

/** The parameters of a report by name, with whether they are required. */
const parametersOf = ({ otherParameters }: ReportBehavior) => [
  { name: 'AccountId', type: 'Account ID', required: true },
  { name: 'SiteId', type: 'Site ID', required: false },
  ...otherParameters.map((name) => ({ name, type: 'String', required: true })),
];

function read(call: Call): Answer {
  const { id, name } = reportOf(call, reportRoot);
  const parameters = parametersOf(call.state.reports.behavior).map(
    (each) => `            <Parameter>
                <Name>${escapeXml(each.name)}</Name>
                <Type>${each.type}</Type>
                <Required>${each.required}</Required>
                <Description>${escapeXml(each.name)}</Description>
                <MultiSelectAllowed>false</MultiSelectAllowed>
            </Parameter>
`,
  );
  return xml(`${xmlDeclaration}<${reportRoot}>
    <Report>
        <Id>${id}</Id>
        <Name>${escapeXml(name)}</Name>
        <Parameters>
${parameters.join('')}        </Parameters>
    </Report>
</${reportRoot}>
`);
}

function listInstances(call: Call): Answer {
  const { id } = reportOf(call, instancesRoot);
  const { instances } = call.state.reports;
  const own = instances.filter(({ account, reportId }) => account === accountOf(call).id && reportId === id);
  return xml(`${xmlDeclaration}<${instancesRoot}>
    <Instances>
${own.map((instance) => instanceXml(call, instance)).join('')}    </Instances>
</${instancesRoot}>
`);
}

function statusOf({ clock, reports: { behavior, isReady } }: SandboxState, instance: InstanceState): string {
  const isExpired = clock.now().toISOString().slice(0, 10) > instance.expiresAt;
  return isExpired ? 'Expired' : isReady(instance) ? behavior.outcome : behavior.pendingStatus;
}

function instanceXml({ state }: Call, instance: InstanceState): string {
  const { id, reportId, outputFormat, requestedAt, parameters, expiresAt } = instance;
  const status = statusOf(state, instance);
  const name = reports.find((report) => report.id === reportId)?.name ?? '';
  const named = parameters.map(
    ([parameter, value]) => `                <Parameter>
                    <Name>${escapeXml(parameter)}</Name>
                    <Value>${escapeXml(value)}</Value>
                </Parameter>
`,
  );
  return `        <Instance>
            <Id>${id}</Id>
            <ReportId>${reportId}</ReportId>
            <ReportName>${escapeXml(name)}</ReportName>
            <OutputFormat>${escapeXml(outputFormat)}</OutputFormat>
            <RequestedByUserName>sandbox-user</RequestedByUserName>
            <RequestedAt>${requestedAt.toISOString().slice(0, 19).replace('T', ' ')}</RequestedAt>
            <Parameters>
${named.join('')}            </Parameters>
            <Status>${escapeXml(status)}</Status>
${line('            ', 'ExpiresAt', status === 'Expired' ? undefined : expiresAt)}        </Instance>
`;
}

async function create(call: Call): Promise<Answer> {
  throwQueued(call, 'request', instanceRoot);
  const { id: reportId } = reportOf(call, instanceRoot);
  const body = await bodyOf(call, 'Instance');
  const outputFormat = String(body?.OutputFormat ?? '').trim();
  if (!/^(?:pdf|xls|csv)$/i.test(outputFormat))
    throw badRequest(instanceRoot, `Invalid output format '${outputFormat}'`);
  const given = (body?.Parameters as { Parameter?: unknown } | undefined)?.Parameter ?? [];
  const parameters = [given].flat().map((each) => {
    const { Name, Value } = each as Record<string, unknown>;
    return [String(Name), String(Value)] as const;
  });
  const missing = parametersOf(call.state.reports.behavior).filter(
    ({ name, required }) => required && !parameters.some(([given]) => given === name),
  );
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(', ');
    throw badRequest(instanceRoot, `Missing one or more required report parameters: ${names}`, '19032');
  }
  const account = accountOf(call);
  const { reports: store, oddities } = call.state;
  const { id } = store.open({
    ...{ account: account.id, reportId, outputFormat, parameters },
    expiresAt: String(body?.ExpiresAt ?? '').trim(),
    content: assignmentReportCsv(account, store.behavior, oddities),
  });
  const path = `/accounts/${account.id}/reports/${reportId}/instances/${id}`;
  return empty(201, { Location: `http://api.inetwork.com:443/v1.0${path}` });
}

function instanceOf(call: Call, root: string): InstanceState {
  const { reportId = '', instanceId = '' } = call.params;
  const instance = call.state.reports.find(accountOf(call).id, reportId, instanceId);
  if (instance === undefined) throw noInstance(reportId, instanceId, root);
  return instance;
}

function noInstance(reportId: string, instanceId: string, root: string): Refusal {
  const text = `No report instance found for report ${reportId} with Id of '${instanceId}'`;
  return new Refusal(xml(errorXml(root, text, '19019'), 404));
}

function readInstance(call: Call): Answer {
  throwQueued(call, 'read', instanceRoot);
  const instance = instanceOf(call, instanceRoot);
  instance.reads += 1;
  return xml(`${xmlDeclaration}<${instanceRoot}>
${instanceXml(call, instance)}</${instanceRoot}>
`);
}

async function file(call: Call): Promise<Answer> {
  throwQueued(call, 'file', fileRoot);
  const instance = instanceOf(call, fileRoot);
  const { behavior } = call.state.reports;
  const status = statusOf(call.state, instance);
  if (status === 'Expired') throw noInstance(instance.reportId, instance.id, fileRoot);
  if (status !== 'Ready') {
    return xml(errorXml(fileRoot, 'Report generation in progress; Output not yet available', '19048'), 202);
  }
  const name = `assignment-${instance.id}.csv`;
  const content = behavior.content ?? instance.content;
  const headers = { 'Content-Disposition': `attachment; filename="${name}"` };
  if (!behavior.zipped) return { status: 200, contentType: 'text/csv', body: Buffer.from(content), headers };
  const body = await zipWhole([{ name, content }, ...behavior.otherFiles]);
  return { status: 200, contentType: 'application/zip', body, headers };
}

/** Sends the next response that a test queued instead of the normal one. */
function throwQueued(call: Call, step: keyof ReportBehavior['refuse'], root: string): void {
  const refusal = call.state.reports.behavior.refuse[step].shift();
  if (refusal === undefined) return;
  const { status, code, description = 'Refused by a test' } = refusal;
  throw new Refusal(code === undefined ? empty(status) : xml(errorXml(root, description, code), status));
}

export function reportRoutes(): Route[] {
  const path = '/accounts/:accountId/reports';
  const instances = `${path}/:reportId/instances`;
  return [
    { method: 'GET', path, root: listRoot, answer: list },
    { method: 'GET', path: `${path}/:reportId`, root: reportRoot, answer: read },
    { method: 'GET', path: instances, root: instancesRoot, answer: listInstances },
    { method: 'POST', path: instances, root: instanceRoot, creates: true, answer: create },
    { method: 'GET', path: `${instances}/:instanceId`, root: instanceRoot, answer: readInstance },
    { method: 'GET', path: `${instances}/:instanceId/file`, root: fileRoot, answer: file },
  ];
}
