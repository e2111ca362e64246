import type { DashboardClient } from './client.js';
import { toTimestamp } from './dates.js';
import type { FileReceiver } from './download.js';
import { ApiError, describeApiErrors, parseApiErrors } from './errors.js';
import type { ResponseBody } from './exchange.js';
import { idInLocation } from './location.js';
import { encodeText, isElement, listAt, parseXml, textAt, type XmlElement, XmlError } from './xml.js';

/** A report that Bandwidth offers to an account: a template for instances. */
export interface OfferedReport {
  id: string;
  name: string;
}

/** What an instance may or must be restricted to. */
export interface ReportParameter {
  name: string;
  /** `Account ID`, `Site ID`, `String`, `Enum`, …; empty if the response omits it. */
  type: string;
  isRequired: boolean;
}

/** An execution of a report. */
export interface ReportInstance {
  id: string;
  /** `csv`, `pdf`, …; undefined if the response omits it. */
  outputFormat: string | undefined;
  /** The reference shows only `Ready` and `Expired`. */
  status: string;
  /** ISO 8601 in UTC. */
  requestedAt: string | undefined;
  /** `yyyy-MM-dd`. */
  expiresOn: string | undefined;
  /** Values by name. */
  parameters: Readonly<Record<string, readonly string[]>>;
}

/** An instance that has no file yet, or never will. */
export type WithoutFile =
  | { kind: 'waiting'; status: string }
  /** An undocumented status. */
  | { kind: 'unknown'; status: string }
  | { kind: 'failed'; status: string }
  /** The API has no instance with that id, or no longer has it. */
  | { kind: 'gone'; description: string };

export type InstanceStatus = WithoutFile | { kind: 'ready'; status: string; instance: ReportInstance };

export interface ReportCall {
  client: DashboardClient;
  account: string;
  reportId: string;
  signal: AbortSignal;
}

/** Lists the reports that Bandwidth offers to an account. */
export function listReports({
  client,
  account,
  signal,
}: Pick<ReportCall, 'client' | 'account'> & { signal?: AbortSignal }): Promise<OfferedReport[]> {
  return client.get({
    account,
    path: reportsPath(account),
    empty: [204],
    ...(signal !== undefined && { signal }),
    parse: ({ text }) =>
      itemsIn(text, 'ReportsResponse', 'Reports.Report').map((report) => ({
        id: required(report, 'Id'),
        name: textAt(report, 'Name') ?? '',
      })),
  });
}

/** Reads the parameters of a report. */
export function readParameters({ client, account, reportId, signal }: ReportCall): Promise<ReportParameter[]> {
  return client.get({
    account,
    path: `${reportsPath(account)}/${encodeURIComponent(reportId)}`,
    signal,
    parse: ({ text }) =>
      itemsIn(text, 'ReportResponse', 'Report.Parameters.Parameter').map((parameter) => ({
        name: required(parameter, 'Name'),
        type: textAt(parameter, 'Type') ?? '',
        isRequired: textAt(parameter, 'Required')?.toLowerCase() === 'true',
      })),
  });
}

/** Lists the instances of a report, whoever created them. */
export function listInstances(call: ReportCall): Promise<ReportInstance[]> {
  const { client, account, signal } = call;
  return client.get({
    account,
    path: instancesPath(call),
    empty: [204],
    signal,
    parse: ({ text }) => itemsIn(text, 'ReportInstancesResponse', 'Instances.Instance').map(toInstance),
  });
}

export interface NewInstance {
  outputFormat: string;
  parameters: Readonly<Record<string, string>>;
  /** The last day on which Bandwidth keeps the file, `yyyy-MM-dd`; at most 30 days ahead. */
  expiresOn: string;
  /** Finds the instance if the response is lost; undefined if the API didn't create it. */
  findOutcome: () => Promise<string | undefined>;
}

/**
 * Creates an instance; returns its id, or undefined if the response doesn't name it. An ApiError means that none was
 * created.
 */
export function createInstance(
  call: ReportCall,
  { outputFormat, parameters, expiresOn, findOutcome }: NewInstance,
): Promise<string | undefined> {
  const { client, account, signal } = call;
  const listed = Object.entries(parameters)
    .map(
      ([name, value]) => `<Parameter><Name>${encodeText(name)}</Name><Value>${encodeText(value)}</Value></Parameter>`,
    )
    .join('');
  return client.post<string | undefined>({
    account,
    path: instancesPath(call),
    body: `<?xml version="1.0" encoding="UTF-8"?><Instance><OutputFormat>${encodeText(outputFormat)}</OutputFormat><Parameters>${listed}</Parameters><ExpiresAt>${expiresOn}</ExpiresAt></Instance>`,
    retry: { findOutcome },
    accept: [201, 202],
    parse({ text, headers }) {
      // The reference shows a 201 without a body.
      if (text.trimStart().startsWith('<')) refuseErrors(parseXml(text));
      return idInLocation(headers.location);
    },
    signal,
  });
}

/** Reads the status of an instance. */
export async function readInstance(call: ReportCall, instanceId: string): Promise<InstanceStatus> {
  const { client, account, signal } = call;
  return client
    .get<InstanceStatus>({
      account,
      path: `${instancesPath(call)}/${encodeURIComponent(instanceId)}`,
      parse: ({ text }) => {
        const [instance] = itemsIn(text, 'ReportInstanceResponse', 'Instance').map(toInstance);
        if (instance?.id !== instanceId) throw new XmlError(`expected the instance ${instanceId}`);
        return statusOf(instance);
      },
      signal,
    })
    .catch(goneOrThrow);
}

/** Downloads the file of an instance. If the API returns a message instead, returns it as a status. */
export async function downloadInstance<T>(
  call: ReportCall,
  instanceId: string,
  file: FileReceiver<T>,
): Promise<{ kind: 'file'; value: T } | WithoutFile> {
  const { client, account, signal } = call;
  return client
    .download<{ kind: 'file'; value: T } | WithoutFile>({
      account,
      path: `${instancesPath(call)}/${encodeURIComponent(instanceId)}/file`,
      file: { ...file, receive: async (response) => ({ kind: 'file', value: await file.receive(response) }) },
      accept: [202],
      parse: parseNoFile,
      signal,
    })
    .catch(goneOrThrow);
}

/** Bandwidth's message that the file is still being made (202, 19048). */
function parseNoFile({ text, status }: ResponseBody): WithoutFile {
  const errors = text.trim() === '' ? [] : parseApiErrors(parseXml(text));
  if (status === 202 || errors.some(({ code }) => code === notYet)) {
    return { kind: 'waiting', status: describeApiErrors(errors) || 'in progress (202)' };
  }
  throw new XmlError('expected a file, got XML without an error');
}

const notYet = '19048';
/** 19019: no such instance. */
const noInstance = '19019';

function goneOrThrow(error: unknown): { kind: 'gone'; description: string } {
  if (error instanceof ApiError && error.codes.some(({ code }) => code === noInstance)) {
    return { kind: 'gone', description: describeApiErrors(error.codes) };
  }
  throw error;
}

/**
 * The reference says that a status shows whether the data is being assembled, ready or expired, and shows only the words
 * for the last two.
 */
function statusOf(instance: ReportInstance): InstanceStatus {
  const { status } = instance;
  if (/^ready$/i.test(status)) return { kind: 'ready', status, instance };
  if (/^expired$|fail|error|cancel/i.test(status)) return { kind: 'failed', status };
  if (/progress|process|pending|queued|received|running|generating|assembl/i.test(status))
    return { kind: 'waiting', status };
  return { kind: 'unknown', status };
}

function toInstance(element: XmlElement): ReportInstance {
  const parameters = listAt(element, 'Parameters.Parameter').filter(isElement);
  return {
    id: required(element, 'Id'),
    outputFormat: textAt(element, 'OutputFormat') || undefined,
    status: required(element, 'Status'),
    requestedAt: toTimestamp(textAt(element, 'RequestedAt') ?? ''),
    expiresOn: toTimestamp(textAt(element, 'ExpiresAt') ?? '')?.slice(0, 10),
    parameters: Object.fromEntries(
      parameters.map((each) => [
        textAt(each, 'Name') ?? '',
        listAt(each, 'Value').filter((value) => typeof value === 'string'),
      ]),
    ),
  };
}

/** The elements at a path of a document; errors in it are thrown, whatever the HTTP status. */
function itemsIn(text: string, root: string, path: string): XmlElement[] {
  const document = parseXml(text);
  refuseErrors(document);
  if (!Object.hasOwn(document, root)) throw new XmlError(`expected <${root}>, got <${Object.keys(document)[0]}>`);
  return listAt(document, `${root}.${path}`).filter(isElement);
}

/** Throwing here turns the errors of a document into an ApiError with their codes. */
function refuseErrors(document: XmlElement): void {
  const errors = parseApiErrors(document);
  if (errors.length > 0) throw new XmlError(describeApiErrors(errors));
}

function required(element: XmlElement, name: string): string {
  const text = textAt(element, name);
  if (!text) throw new XmlError(`expected <${name}>`);
  return text;
}

function reportsPath(account: string): string {
  return `/accounts/${encodeURIComponent(account)}/reports`;
}

function instancesPath({ account, reportId }: ReportCall): string {
  return `${reportsPath(account)}/${encodeURIComponent(reportId)}/instances`;
}
