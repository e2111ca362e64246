import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Answer, empty, Refusal, xml } from '../answer.js';
import { archiveOf } from '../billing/archive.js';
import type { BillingRefusal, SandboxReport } from '../billing/behaviour.js';
import type { ReportState } from '../billing/office.js';
import { parseDay } from '../dates.js';
import { accountOf, type Call } from '../route.js';
import { errorXml } from '../xml.js';

export type Resource = SandboxReport['resource'];

/** Sends what a test wants sent in place of the answer that is due. */
export function refuseAsTold(call: Call, step: 'request' | 'read' | 'file', root: string): void {
  const told: BillingRefusal | undefined = call.state.billing.behaviour.refuse[step].shift();
  if (told === undefined) return;
  const { status, code, description = 'Refused by a test' } = told;
  throw new Refusal(code === undefined ? empty(status) : xml(errorXml(root, description, code), status));
}

/** The element of a request's body; undefined if it is something else. */
export async function bodyOf(call: Call, name: string): Promise<Record<string, unknown> | undefined> {
  const body = await call.body();
  if (XMLValidator.validate(body) !== true) return undefined;
  const parsed = new XMLParser({ ignoreDeclaration: true, parseTagValue: false }).parse(body)[name];
  return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
}

/** A range of days that was asked for; 15501 for one that is none, or that is one day where that is refused. */
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

/** Where a new report is, or its file: addresses name a host of their own, which is not the one that was called. */
export function locationOf(call: Call, path: string): string {
  switch (call.state.billing.behaviour.location) {
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

/** The report of a call. */
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

/** A report's archive, or the part of it that was asked for. */
export async function fileAnswer(call: Call, report: ReportState): Promise<Answer> {
  const { behaviour } = call.state.billing;
  const content = report.archive ?? (await archiveOf(report, behaviour, call.state.seed));
  const breakAfter = behaviour.breakAfter.shift();
  const common = { contentType: behaviour.contentType, ...(breakAfter === undefined ? {} : { breakAfter }) };
  const named = { 'Content-Disposition': `attachment; filename="${report.type}-${report.from}.zip"` };
  if (!Buffer.isBuffer(content)) return { ...common, status: 200, body: '', stream: content, headers: named };
  report.archive = content;
  if (!behaviour.tellsLength) return { ...common, status: 200, body: '', stream: [content], headers: named };
  const headers = { ...named, ETag: `"${report.id}"`, ...(behaviour.ranges ? { 'Accept-Ranges': 'bytes' } : {}) };
  const from = behaviour.ranges ? /^bytes=(\d+)-$/.exec(call.header('range') ?? '')?.[1] : undefined;
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
