import { createHash } from 'node:crypto';
import type { Log } from '../log.js';
import type { DashboardClient, ResponseBody } from './client.js';
import { BrokenBodyError, parseApiErrors } from './errors.js';
import { parseCount, type SortedItems, sortItems } from './items.js';
import { nextPageCursor } from './links.js';
import { type Item, parseListPage } from './list-page.js';
import { askWithSize, isSizeRefusal, PageSizeChangedError } from './page-size.js';
import type { ListResource } from './resource.js';
import { isElement, listAt, parseXml, textAt, valueAt, type XmlElement, XmlError } from './xml.js';

export type { Item } from './list-page.js';

export interface Page extends SortedItems {
  /** The `page` parameter of this page. */
  cursor: string;
  /** The `page` parameter of the next page; undefined at the end of the list. */
  next: string | undefined;
  /** Size of the whole list according to this page; 0 if the HTTP status says that the list is empty. */
  totalCount: number | undefined;
  /** Hash of the keys on the page; `''` for an empty page. */
  fingerprint: string;
  /** The `size` parameter of the request; undefined if none was sent. */
  pageSize: number | undefined;
}

export interface ReadPagesOptions {
  client: DashboardClient;
  resource: ListResource;
  account: string;
  /** Where to resume: the first page to read, and the size, cursors, and fingerprints of the pages before it. */
  from?: {
    cursor: string;
    pageSize: number | undefined;
    visited: readonly string[];
    fingerprints: readonly string[];
  };
  signal?: AbortSignal;
  /** Overrides the resource's page size. */
  pageSize?: number;
  /** Logs once that the API requires smaller pages. */
  log?: Pick<Log, 'info'>;
  priority?: number;
}

/** The `page` parameter of every list's first page. */
export const firstPage = '1';

/**
 * Reads a list page by page, prefetching one page: while the consumer works on one, the next is being fetched.
 *
 * Only the `page` of a `next` link is used; host, path, size, and filters stay those of the resource. A link from a
 * page to itself is the end of the list. A link to an earlier page, or a page that repeats the items of an earlier one,
 * is a broken response: it is retried, then fails. It never causes a loop or ends the list.
 *
 * All pages have the size of the first one, because a cursor may be a plain page number.
 *
 * @throws {PageSizeChangedError} if the API rejects a later page for its size: read the list again from its first page
 */
export async function* readPages(options: ReadPagesOptions): AsyncGenerator<Page, void, undefined> {
  const { signal } = options;
  // Cancels the prefetch if the consumer stops early.
  const abandoned = new AbortController();
  const abandon = () => abandoned.abort(signal?.reason);
  if (signal?.aborted) {
    abandon();
  }
  signal?.addEventListener('abort', abandon, { once: true });
  const visited = new Set(options.from?.visited);
  const fingerprints = new Set(options.from?.fingerprints);
  const history = { visited, fingerprints };
  const started = (page: Promise<Page>): Promise<Page> => {
    // The consumer sees the failure when it asks for that page, which may be later.
    page.catch(() => undefined);
    return page;
  };
  try {
    let pending: Promise<Page> | undefined = started(
      options.from === undefined
        ? fetchFirstPage(options, history, abandoned.signal)
        : fetchNextPage(options, options.from, history, abandoned.signal),
    );
    while (pending !== undefined) {
      const page: Page = await pending;
      visited.add(page.cursor);
      if (page.fingerprint !== '') {
        fingerprints.add(page.fingerprint);
      }
      const { next, pageSize } = page;
      pending =
        next === undefined
          ? undefined
          : started(fetchNextPage(options, { cursor: next, pageSize }, history, abandoned.signal));
      yield page;
    }
  } finally {
    signal?.removeEventListener('abort', abandon);
    abandoned.abort();
  }
}

/** Reads only the first page, without prefetching. With a small page size, this checks whether a list has entries. */
export function readFirstPage(options: ReadPagesOptions): Promise<Page> {
  const history = { visited: new Set<string>(), fingerprints: new Set<string>() };
  return fetchFirstPage(options, history, options.signal);
}

interface History {
  /** Cursors of the pages already read. */
  visited: ReadonlySet<string>;
  fingerprints: ReadonlySet<string>;
}

function fetchFirstPage(options: ReadPagesOptions, history: History, signal: AbortSignal | undefined): Promise<Page> {
  const { client, resource, log } = options;
  const wanted = options.pageSize ?? resource.pageSize;
  const ask = (pageSize: number | undefined) => fetchPage(options, { cursor: firstPage, pageSize }, history, signal);
  if (resource.pageSize === undefined || wanted === undefined) return ask(undefined);
  return askWithSize({ client, resource: resource.name, wanted, ask, ...(log && { log }) });
}

async function fetchNextPage(
  options: ReadPagesOptions,
  place: Place,
  history: History,
  signal: AbortSignal | undefined,
): Promise<Page> {
  try {
    return await fetchPage(options, place, history, signal);
  } catch (cause) {
    if (place.pageSize === undefined || !isSizeRefusal(cause)) throw cause;
    const { resource, account } = options;
    throw new PageSizeChangedError(
      `The list ${resource.name} of account ${account} was read in pages of ${place.pageSize}, but the API now rejects that size: ${cause.message}`,
      { hint: 'Run the job again: it reads the list from its first page in a size that the API accepts.', cause },
    );
  }
}

/** The position of a page in its list. */
interface Place {
  cursor: string;
  pageSize: number | undefined;
}

function fetchPage(
  options: ReadPagesOptions,
  { cursor, pageSize }: Place,
  history: History,
  signal: AbortSignal | undefined,
): Promise<Page> {
  const { client, resource, account, priority } = options;
  const paging: Record<string, string> = resource.pageSize === undefined ? {} : { page: cursor };
  if (pageSize !== undefined) paging.size = String(pageSize);
  return client.get({
    account,
    path: resource.path(account),
    query: { ...resource.query(account), ...paging },
    empty: resource.emptyStatuses,
    parse: (body) => ({ ...parsePage(body, { resource, account, cursor, pageSize, history }), pageSize }),
    ...(signal === undefined ? {} : { signal }),
    ...(priority === undefined ? {} : { priority }),
  });
}

type ParsedPage = Omit<Page, 'pageSize'>;

interface PageContext {
  resource: ListResource;
  account: string;
  cursor: string;
  pageSize: number | undefined;
  history: History;
}

function parsePage(body: ResponseBody, context: PageContext): ParsedPage {
  const { resource, account, cursor, history } = context;
  if (body.status === 204) {
    return emptyPage(resource, cursor);
  }
  if (body.status === 404) {
    return { ...emptyPage(resource, cursor), next: nextCursor(parseXml(body.text), 0, context) };
  }
  const { items, document } = parseListPage(body.text, resource);
  if (items.length === 0 && parseApiErrors(document).length > 0) {
    throw new XmlError('an error instead of a list');
  }
  const totalCount = resource.totalCount === undefined ? undefined : parseCount(textAt(document, resource.totalCount));
  if (items.length === 0 && totalCount === undefined) rejectOtherItems(document, resource);
  const fingerprint = fingerprintOf(items, resource);
  if (fingerprint !== '' && history.fingerprints.has(fingerprint)) {
    throw new BrokenBodyError(`page ${JSON.stringify(cursor)} repeats the items of a page already read`);
  }
  return {
    cursor,
    next: resource.pageSize === undefined ? undefined : nextCursor(document, items.length, context),
    totalCount,
    fingerprint,
    ...sortItems(items, resource, account),
  };
}

/**
 * Without the count that other lists of the resource have, only an empty container proves an empty list: entries may have another
 * name than the documented ones.
 *
 * @throws {XmlError} if the container has other elements with children
 */
function rejectOtherItems(document: XmlElement, { container, item, totalCount }: ListResource): void {
  const found = valueAt(document, container);
  if (totalCount === undefined || !isElement(found)) return;
  const other = Object.keys(found).find((name) => name !== 'Links' && listAt(found, name).some(isElement));
  if (other !== undefined) {
    throw new XmlError(`expected a list of <${item}> in ${container}, but it contains <${other}> and no count`);
  }
}

function emptyPage(resource: ListResource, cursor: string): ParsedPage {
  const totalCount = resource.totalCount === undefined ? undefined : 0;
  return { cursor, next: undefined, totalCount, items: [], withoutKey: [], foreign: [], fingerprint: '' };
}

/** @throws {BrokenBodyError} for a link to an earlier page */
function nextCursor(
  document: XmlElement,
  items: number,
  { resource: { container, numberedPages }, cursor, pageSize, history }: PageContext,
): string | undefined {
  if (numberedPages !== undefined) {
    const isLast = items === 0 || (numberedPages === 'until short' && pageSize !== undefined && items < pageSize);
    return isLast ? undefined : String(Number(cursor) + 1);
  }
  for (const parent of new Set([...Object.keys(document), ...pathsTo(container)])) {
    for (const links of listAt(document, `${parent}.Links`)) {
      const next = typeof links === 'object' && !Array.isArray(links) ? nextPageCursor(links) : undefined;
      if (next === undefined || next === cursor) {
        continue;
      }
      if (history.visited.has(next)) {
        const [from, to] = [cursor, next].map((page) => JSON.stringify(page));
        throw new BrokenBodyError(`page ${from} links to page ${to} as the next page, which was already read: a loop`);
      }
      return next;
    }
  }
  return undefined;
}

/** The path of an element and those of its ancestors: `Links` may be under any of these. */
function pathsTo(path: string): string[] {
  const names = path.split('.');
  return names.map((_name, index) => names.slice(0, index + 1).join('.'));
}

function fingerprintOf(items: readonly Item[], resource: ListResource): string {
  if (items.length === 0) {
    return '';
  }
  const key = resource.fields.indexOf(resource.key);
  return createHash('sha256')
    .update(items.map((item) => item.values[key] ?? '').join('\n'))
    .digest('base64');
}

export { type NumberDetails, readNumberDetails, readTotal } from './lookups.js';
