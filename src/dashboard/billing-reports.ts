import { LedgerError } from '../errors.js';
import type { DashboardClient, FileReceiver } from './client.js';
import { ApiError, describeApiErrors, parseApiErrors } from './errors.js';
import type { ResponseBody } from './exchange.js';
import { idInLocation } from './location.js';
import { encodeText, parseXml, textAt, type XmlElement, XmlError } from './xml.js';

/** The resource that builds reports; `bdrs` is the older one, for call records only. */
export type ReportResource = 'billingreports' | 'bdrs';

export interface ReportRequest {
  type: string;
  /** First and last day, `yyyy-MM-dd`. */
  from: string;
  to: string;
}

/** The result of a request for a report. */
export type Requested =
  | { kind: 'accepted'; reportId: string; status: string | undefined; description: string | undefined }
  /** No report was started: there is no data yet, or the API asks to try later. */
  | { kind: 'not yet'; description: string }
  /** The API rejects the date range (15501). */
  | { kind: 'range refused'; description: string };

/** The status of a report. */
export type ReportStatus =
  | { kind: 'waiting'; status: string | undefined; description: string | undefined }
  /** An undocumented status. */
  | { kind: 'unknown'; status: string; description: string | undefined }
  | { kind: 'ready'; status: string | undefined; description: string | undefined }
  | { kind: 'failed'; status: string | undefined; description: string }
  /** The API has no report with that id, or no longer has it: request it again. */
  | { kind: 'gone'; description: string };

export interface ReportCall {
  client: DashboardClient;
  account: string;
  resource: ReportResource;
  signal: AbortSignal;
}

/**
 * Reads the list of reports to check whether the credentials may. The list has only some report types, so it isn't
 * used.
 */
export async function probeBillingReports(client: DashboardClient, account: string): Promise<void> {
  await client.get({
    account,
    path: reportsPath(account, 'billingreports'),
    empty: [204, 404],
    parse: ({ text }) => (text.trim() === '' ? undefined : refuseErrors(parseXml(text))),
  });
}

/** Requests a report. */
export async function requestReport(call: ReportCall, { type, from, to }: ReportRequest): Promise<Requested> {
  const { client, account, resource, signal } = call;
  const dates = `<StartDate>${encodeText(from)}</StartDate><EndDate>${encodeText(to)}</EndDate>`;
  const body =
    resource === 'bdrs'
      ? `<Bdr>${dates}</Bdr>`
      : `<BillingReport><Type>${encodeText(type)}</Type><DateRange>${dates}</DateRange></BillingReport>`;
  try {
    const answer = await client.post<Requested | Nameless>({
      account,
      path: reportsPath(account, resource),
      body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
      // If the response is lost, the first report is built and never fetched, which is harmless.
      retry: 'safe',
      accept: [201, 202, 204],
      parse: parseRequested,
      signal,
    });
    if (answer.kind !== 'nameless') return answer;
    throw new LedgerError(
      `Bandwidth accepted the request for a report of type ${type}, ${from} to ${to} (account ${account}), but returned no report id: Location ${answer.location}. It was not requested again.`,
    );
  } catch (error) {
    const refusal = refusalOf(error);
    if (refusal?.kind === 'range') return { kind: 'range refused', description: refusal.description };
    if (refusal?.kind === 'later' || refusal?.kind === 'building') {
      return { kind: 'not yet', description: refusal.description };
    }
    throw error;
  }
}

interface Nameless {
  kind: 'nameless';
  location: string;
}

function parseRequested({ text, headers, status }: ResponseBody): Requested | Nameless {
  if (status === 204) return { kind: 'not yet', description: 'there is no data yet (204)' };
  const reportId = idInLocation(headers.location);
  let document: XmlElement = {};
  try {
    document = text.trim() === '' ? {} : parseXml(text);
  } catch (error) {
    // The id is enough. A retry would only request a second report.
    if (reportId === undefined) throw error;
  }
  refuseErrors(document);
  if (reportId === undefined) return { kind: 'nameless', location: JSON.stringify(headers.location) };
  return { kind: 'accepted', reportId, ...statusIn(document) };
}

/** Reads the status of a report. */
export async function readReportStatus(call: ReportCall, reportId: string): Promise<ReportStatus> {
  const { client, account, resource, signal } = call;
  try {
    return await client.get<ReportStatus>({
      account,
      path: `${reportsPath(account, resource)}/${encodeURIComponent(reportId)}`,
      accept: [204, 303],
      parse: (answer) => parseStatus(answer, resource),
      signal,
    });
  } catch (error) {
    return statusOfRefusal(error);
  }
}

const waitingWords: ReadonlySet<string> = new Set(['RECEIVED', 'PROCESSING']);
const readyWords: ReadonlySet<string> = new Set(['COMPLETED', 'COMPLETE']);

function parseStatus({ text, status: httpStatus }: ResponseBody, resource: ReportResource): ReportStatus {
  // Location may name any host and is not followed. The file's path is known.
  if (httpStatus === 303) return { kind: 'ready', status: undefined, description: undefined };
  if (httpStatus === 204) return { kind: 'waiting', status: undefined, description: 'there is no data yet (204)' };
  const document = parseXml(text);
  refuseErrors(document);
  const { status, description } = statusIn(document);
  if (/\bfail(ed|ure|s)?\b/i.test(description ?? '') || status?.toUpperCase() === 'FAILED') {
    return { kind: 'failed', status, description: description ?? 'no reason given' };
  }
  const word = status?.toUpperCase();
  if (resource === 'bdrs' && word === undefined) return { kind: 'waiting', status, description };
  if (status === undefined || word === undefined) throw new XmlError('expected <ReportStatus>');
  if (readyWords.has(word)) return { kind: 'ready', status, description };
  return waitingWords.has(word) ? { kind: 'waiting', status, description } : { kind: 'unknown', status, description };
}

/**
 * Downloads the archive of a report and passes it to `file`. If the API returns a message instead, returns it as a
 * status.
 */
export async function downloadReport<T>(
  call: ReportCall,
  reportId: string,
  file: FileReceiver<T>,
): Promise<{ kind: 'file'; value: T } | ReportStatus> {
  const { client, account, resource, signal } = call;
  try {
    return await client.download<{ kind: 'file'; value: T } | ReportStatus>({
      account,
      path: `${reportsPath(account, resource)}/${encodeURIComponent(reportId)}/file`,
      file: {
        ...file,
        receive: async (response) => ({ kind: 'file', value: await file.receive(response) }),
      },
      accept: [204],
      parse: ({ text, status }) => {
        if (status === 204) return { kind: 'waiting', status: undefined, description: 'there is no data yet (204)' };
        const document = parseXml(text);
        refuseErrors(document);
        const { status: word, description } = statusIn(document);
        // For a report that is still being built, the API may return its status instead of the file.
        if (word !== undefined && waitingWords.has(word.toUpperCase()))
          return { kind: 'waiting', status: word, description };
        throw new XmlError('expected a ZIP archive, got XML without an error');
      },
      signal,
    });
  } catch (error) {
    return statusOfRefusal(error);
  }
}

function statusOfRefusal(error: unknown): ReportStatus {
  const refusal = refusalOf(error);
  switch (refusal?.kind) {
    case 'gone':
      return { kind: 'gone', description: refusal.description };
    case 'building':
    case 'later':
      return { kind: 'waiting', status: undefined, description: refusal.description };
    default:
      throw error;
  }
}

/** 15501: invalid range; 15602: still being built; 15603 (15001 for `bdrs`): not found; 15606: try later. */
const meaningOfCode: Readonly<Record<string, 'range' | 'building' | 'gone' | 'later'>> = {
  '15501': 'range',
  '15602': 'building',
  '15603': 'gone',
  '15001': 'gone',
  '15606': 'later',
};

function refusalOf(error: unknown) {
  if (!(error instanceof ApiError)) return undefined;
  const detail = error.codes.find(({ code }) => Object.hasOwn(meaningOfCode, code));
  if (detail === undefined) return undefined;
  return { kind: meaningOfCode[detail.code], description: describeApiErrors([detail]) };
}

/** An error may come with any HTTP status. Throwing here turns it into an ApiError with its codes. */
function refuseErrors(document: XmlElement): void {
  const errors = parseApiErrors(document);
  if (errors.length > 0) throw new XmlError(describeApiErrors(errors));
}

function statusIn(document: XmlElement) {
  const [root] = Object.values(document);
  if (typeof root !== 'object' || Array.isArray(root)) return { status: undefined, description: undefined };
  const description = textAt(root, 'Description') || textAt(root, 'Info') || undefined;
  return { status: textAt(root, 'ReportStatus') || undefined, description };
}

function reportsPath(account: string, resource: ReportResource): string {
  return `/accounts/${encodeURIComponent(account)}/${resource}`;
}
