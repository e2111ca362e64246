import { type Answer, badRequest, empty, Refusal, xml } from '../answer.js';
import type { ReportState } from '../billing/report-store.js';
import { accountOf, type Call, type Route } from '../route.js';
import { errorXml, escapeXml, xmlDeclaration } from '../xml.js';
import { bodyOf, fileAnswer, locationOf, pathOf, rangeOf, reportOf, throwQueuedRefusal } from './billing-common.js';

const resource = 'billingreports';
const creationRoot = 'BillingReportCreationResponse';
const root = 'BillingReportRetrievalResponse';
const fileRoot = 'BillingReportArchiveRetrievalResponse';
const listRoot = 'BillingReportsRetrievalResponse';
const notFound = { code: '15603', description: 'The requested report was not found.' };
const underWay = 'The report archive is currently being constructed.';

/** Only these are listed. */
const listedTypes = ['DIDSNAP', 'DIDSNAP_MSG'];

async function request(call: Call): Promise<Answer> {
  throwQueuedRefusal(call, 'request', creationRoot);
  const body = await bodyOf(call, 'BillingReport');
  const type = String(body?.Type ?? '').trim();
  if (!/^\w{1,60}$/.test(type)) throw badRequest(creationRoot, `The type '${type}' is invalid`);
  const { from, to } = rangeOf(call, body?.DateRange as Record<string, unknown> | undefined, creationRoot);
  const { id } = call.state.billing.open({ account: accountOf(call).id, type, from, to, resource });
  return {
    ...xml(statusXml(creationRoot, 'RECEIVED', underWay), 201),
    headers: { Location: locationOf(call, pathOf(call, resource, id)) },
  };
}

function read(call: Call): Answer {
  throwQueuedRefusal(call, 'read', root);
  const report = reportOf(call, { resource, root, ...notFound });
  const { behavior } = call.state.billing;
  if (!call.state.billing.read(report)) return xml(statusXml(root, behavior.pendingStatus, underWay));
  if (behavior.outcome === 'described as failed') {
    return xml(statusXml(root, 'COMPLETE', 'The requested report archive is failed'));
  }
  const description = behavior.outcome === 'FAILED' ? 'No data could be read' : 'The report archive is constructed.';
  return xml(statusXml(root, behavior.outcome, description));
}

async function file(call: Call): Promise<Answer> {
  throwQueuedRefusal(call, 'file', fileRoot);
  const report = reportOf(call, { resource, root: fileRoot, ...notFound });
  if (!isReady(call, report)) {
    throw new Refusal(xml(errorXml(fileRoot, 'The requested report is still being constructed', '15602'), 404));
  }
  return fileAnswer(call, report);
}

/** A file request does not count as a read of the report. */
function isReady(call: Call, report: ReportState): boolean {
  const { pace } = call.state.billing.behavior;
  return 'reads' in pace
    ? report.reads >= pace.reads
    : call.state.clock.now().getTime() - report.requestedAt >= pace.ms;
}

function list(call: Call): Answer {
  const { id } = accountOf(call);
  const { kind } = call.query;
  const reports = call.state.billing.reports.filter(
    (each) =>
      each.account === id &&
      each.resource === resource &&
      listedTypes.includes(each.type) &&
      (kind ?? each.type) === each.type,
  );
  if (reports.length === 0) return empty(204);
  const items = reports.map(
    (report) => `        <BillingReport>
            <BillingReportId>${report.id}</BillingReportId>
            <BillingReportKind>${report.type}</BillingReportKind>
            <UserId>sandbox-user</UserId>
            <ReportStatus>${isReady(call, report) ? 'COMPLETE' : 'PROCESSING'}</ReportStatus>
            <Description>${underWay}</Description>
            <CreatedDate>${new Date(report.requestedAt).toISOString().slice(0, 19).replace('T', ' ')}</CreatedDate>
            <DateRange>
                <StartDate>${report.from}</StartDate>
                <EndDate>${report.to}</EndDate>
            </DateRange>
        </BillingReport>
`,
  );
  return xml(`${xmlDeclaration}<${listRoot}>
    <BillingReportList>
${items.join('')}    </BillingReportList>
</${listRoot}>
`);
}

function statusXml(element: string, status: string, description: string): string {
  return `${xmlDeclaration}<${element}>
    <ReportStatus>${escapeXml(status)}</ReportStatus>
    <Description>${escapeXml(description)}</Description>
</${element}>
`;
}

export function billingReportRoutes(): Route[] {
  const path = `/accounts/:accountId/${resource}`;
  return [
    { method: 'GET', path, root: listRoot, answer: list },
    { method: 'POST', path, root: creationRoot, creates: true, answer: request },
    { method: 'GET', path: `${path}/:reportId`, root, answer: read },
    { method: 'GET', path: `${path}/:reportId/file`, root: fileRoot, answer: file },
  ];
}
