import type { ExecutionContext } from 'ava';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { type Sandbox, type SandboxNumber, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';

/** A sandbox that is closed at the end of the test. */
export async function sandboxFor(t: ExecutionContext, options: SandboxOptions = {}): Promise<Sandbox> {
  const sandbox = await startSandbox(options);
  t.teardown(() => sandbox.close());
  return sandbox;
}

export function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

export function userHeaders({ username, password }: Sandbox): Record<string, string> {
  return { authorization: basic(username, password) };
}

export interface Got {
  status: number;
  headers: Headers;
  body: string;
}

export async function get(sandbox: Sandbox, path: string, headers?: Record<string, string>): Promise<Got> {
  const response = await fetch(`${sandbox.url}${path}`, { headers: headers ?? userHeaders(sandbox) });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

export async function post(sandbox: Sandbox, path: string, body: string): Promise<Got> {
  const headers = { ...userHeaders(sandbox), 'content-type': 'application/xml' };
  const response = await fetch(`${sandbox.url}${path}`, { method: 'POST', headers, body });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

/** Parses well-formed XML. Every list element is an array, every text a trimmed string. */
// biome-ignore lint/suspicious/noExplicitAny: the shape of parsed XML depends on the test
export function parse(body: string): any {
  const wellFormed = XMLValidator.validate(body);
  if (wellFormed !== true) {
    throw new Error(`Not well-formed: ${wellFormed.err.msg}\n${body.slice(0, 500)}`);
  }
  return new XMLParser({
    ignoreDeclaration: true,
    parseTagValue: false,
    trimValues: true,
    isArray: (name, path) => name === 'TelephoneNumber' && /\.TelephoneNumbers\.TelephoneNumber$/.test(String(path)),
  }).parse(body);
}

export interface NextLink {
  /** The URL of the link without the query. */
  address: string;
  query: Record<string, string>;
}

/** A link of a list, in escaped or raw form; undefined if the list has none. */
export function linkOf(body: string, rel: 'first' | 'next'): NextLink | undefined {
  const text = new RegExp(`<${rel}>(.*)</${rel}>`).exec(body)?.[1];
  if (text === undefined) {
    return undefined;
  }
  const plain = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  const url = new URL(new RegExp(`^Link=<(.*)>;rel="${rel}";$`).exec(plain)?.[1] ?? `no link: ${text}`);
  const address = /^[^?]*/.exec(plain.slice('Link=<'.length))?.[0] ?? '';
  return { address, query: Object.fromEntries(url.searchParams) };
}

/** Bodies of all pages of a listing, in order. */
export async function pagesOf(sandbox: Sandbox, path: string): Promise<string[]> {
  const pages: string[] = [];
  let page: string | undefined = '1';
  while (page !== undefined) {
    const { status, body } = await get(
      sandbox,
      `${path}${path.includes('?') ? '&' : '?'}page=${encodeURIComponent(page)}`,
    );
    if (status !== 200) {
      throw new Error(`${status} for page ${page} of ${path}: ${body}`);
    }
    pages.push(body);
    page = linkOf(body, 'next')?.query.page;
  }
  return pages;
}

/** Numbers on all pages of inserviceNumbers, in listing order. */
export async function inServiceNumbers(sandbox: Sandbox, id: string, query = 'size=5000'): Promise<string[]> {
  const pages = await pagesOf(sandbox, `/accounts/${id}/inserviceNumbers?${query}`);
  return pages.flatMap((page) => parse(page).TNs.TelephoneNumbers.TelephoneNumber ?? []);
}

/** Numbers on all pages of /tns, as the table must contain them. */
export async function tnRows(sandbox: Sandbox, query: string): Promise<TnRow[]> {
  return (await pagesOf(sandbox, `/tns?${query}`)).flatMap(rowsIn);
}

export type TnRow = Omit<SandboxNumber, 'listedInService'> & { accountId: string };

/** The numbers in one /tns response body. */
export function rowsIn(body: string): TnRow[] {
  const numbers: Array<Record<string, string>> =
    parse(body).TelephoneNumbersResponse.TelephoneNumbers.TelephoneNumber ?? [];
  return numbers.map((number) => ({
    telephoneNumber: number.FullNumber ?? '',
    status: number.Status ?? '',
    city: number.City,
    state: number.State,
    rateCenter: number.RateCenter || undefined,
    lata: number.Lata,
    tier: number.Tier,
    vendorId: number.VendorId,
    vendorName: number.VendorName,
    lastModified: dateOf(number.LastModified ?? ''),
    inServiceDate: number.InServiceDate === undefined ? undefined : dateOf(number.InServiceDate),
    ...(number.Country === undefined ? {} : { country: number.Country }),
    ...(number.TnType === undefined ? {} : { tnType: number.TnType }),
    accountId: number.AccountId ?? '',
  }));
}

/** What /tns must return for an account, according to the sandbox. */
export function expectedRows(sandbox: Sandbox, id: string): TnRow[] {
  return Array.from(sandbox.account(id).numbers(), ({ listedInService: _, ...number }) => ({
    ...number,
    accountId: id,
  }));
}

export function listedInService(sandbox: Sandbox, id: string): string[] {
  return [...sandbox.account(id).numbers()].filter((number) => number.listedInService).map((n) => n.telephoneNumber);
}

/** Parses any date format of the API. */
export function dateOf(text: string): Date {
  const [, day, hour, minute = '00', second = '00', fraction = '', zone = ''] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d)(?:[:-](\d\d)[:-](\d\d)(\.\d+)?)?(Z|[+-]\d\d:\d\d)?)?$/.exec(text) ?? [];
  const date = new Date(`${day}T${hour ?? '00'}:${minute}:${second}${fraction}${zone === '' ? 'Z' : zone}`);
  if (Number.isNaN(date.getTime())) {
    throw new Error(`Not a date: ${text}`);
  }
  return date;
}
