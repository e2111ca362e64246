import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Answer, empty, Refusal, xml } from '../answer.js';
import { archiveOf } from '../billing/archive.js';
import type { BillingRefusal, SandboxReport } from '../billing/behavior.js';
import type { ReportState } from '../billing/report-store.js';
import { parseDay } from '../dates.js';
import { accountOf, type Call } from '../route.js';
import { errorXml } from '../xml.js';

export type Resource = SandboxReport['resource'];

/** Sends the next response that a test queued instead of the normal one. */
export function throwQueuedRefusal(call: Call, step: 'request' | 'read' | 'file', root: string): void {
  const refusal: BillingRefusal | undefined = call.state.billing.behavior.refuse[step].shift();
  if (refusal === undefined) return;
  const { status, code, description = 'Refused by a test' } = refusal;
  throw new Refusal(code === undefined ? empty(status) : xml(errorXml(root, description, code), status));
}

/** The root element of a request body; undefined if the body has another one. */
export async function bodyOf(call: Call, name: string): Promise<Record<string, unknown> | undefined> {
  const body = await call.body();
  if (XMLValidator.validate(body) !== true) return undefined;
  const parsed = new XMLParser({ ignoreDeclaration: true, parseTagValue: false }).parse(body)[name];
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
}

/** The requested date range; 15501 if it is invalid, or if it is one day and the oddity rejects that. */
export function rangeOf(
  call: Call,
  range: Record<string, unknown> | undefined,
  root: string,
): { from: string; to: string } {
  const [from, to] = [String(range?.StartDate ?? ''), String(range?.EndDate ?? '')];
  const [first, last] = [parseDay(from), parseDay(to)];
  const isRefusedDay = first === last && call.state.oddities['one-day-range-refused'];
  if (first === undefined || last === undefined || first > last || isRefusedDay) {
    const description = `Invalid date range. Start date ${from} must be before end date ${to}`;
    throw new Refusal(xml(errorXml(root, description, '15501'), 404));
  }
  return { from, to };
}

/** The URL of a new report or its file. Absolute URLs name a different host than the one called. */
export function locationOf(call: Call, path: string): string {
  switch (call.state.billing.behavior.location) {
    case 'relative':
      return path;
    case 'foreign':
      return `https://elsewhere.example/v1.0${path}?from=outside`;
    default:
      return `http://api.inetwork.com:443/v1.0${path}`;
  }
}

export function pathOf(call: Call, resource: Resource, id: string): string {
  return `/accounts/${accountOf(call).id}/${resource}/${id}`;
}

/** The report that a call names. */
export function reportOf(
  call: Call,
  { resource, root, code, description }: { resource: Resource; root: string; code: string; description: string },
): ReportState {
  const { reportId = '' } = call.params;
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(reportId)) {
    throw new Refusal(xml(errorXml(root, `'${reportId}' is not a valid UUID`, '1008'), 400));
  }
  const report = call.state.billing.find(accountOf(call).id, reportId, resource);
  if (report === undefined) throw new Refusal(xml(errorXml(root, description, code), 404));
  return report;
}

/** The archive of a report, or the requested range of it. */
export async function fileAnswer(call: Call, report: ReportState): Promise<Answer> {
  const { behavior } = call.state.billing;
  const content =
    report.archive ??
    (await archiveOf(report, behavior, {
      seed: call.state.seed,
      numbers: accountOf(call).billedNumbers,
      invoiceDiffers: Boolean(call.state.oddities['invoice-differs']),
    }));
  const breakAfter = behavior.breakAfter.shift();
  const common = { contentType: behavior.contentType, ...(breakAfter === undefined ? {} : { breakAfter }) };
  const named = { 'Content-Disposition': `attachment; filename="${report.type}-${report.from}.zip"` };
  if (!Buffer.isBuffer(content)) return { ...common, status: 200, body: '', stream: content, headers: named };
  report.archive = content;
  if (!behavior.sendsLength) return { ...common, status: 200, body: '', stream: [content], headers: named };
  const headers = { ...named, ETag: `"${report.id}"`, ...(behavior.ranges ? { 'Accept-Ranges': 'bytes' } : {}) };
  const from = behavior.ranges ? /^bytes=(\d+)-$/.exec(call.header('range') ?? '')?.[1] : undefined;
  const isSame = [undefined, headers.ETag].includes(call.header('if-range'));
  if (from === undefined || !isSame) return { ...common, status: 200, body: content, headers };
  if (Number(from) >= content.length) {
    return { ...empty(416, { 'Content-Range': `bytes */${content.length}` }) };
  }
  const range = `bytes ${from}-${content.length - 1}/${content.length}`;
  return {
    ...common,
    status: 206,
    body: content.subarray(Number(from)),
    headers: { ...headers, 'Content-Range': range },
  };
}
