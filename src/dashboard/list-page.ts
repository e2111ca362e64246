import { toLedgerNumber } from '../telephone-number.js';
import { notTheApi } from './errors.js';
import { fieldIndexes, type Item, itemOf, itemsIn, type ListPageOptions } from './list-item.js';
import { isNumberElement, mayHoldE164, normalizeNumbers } from './number-elements.js';
import { scanItems } from './scan-items.js';
import { checkLength, isElement, listAt, parseXml, valueAt, type XmlElement, XmlError } from './xml.js';
import { normalizeText } from './xml-text.js';

export type { Item, ListPageOptions } from './list-item.js';

export interface ListPage {
  items: Item[];
  /** The document without the items. */
  document: XmlElement;
}

// Replaces the items that the scanner read.
const marker = 'tn-ledger-items';

/**
 * Parses a page of a list.
 *
 * A run reads hundreds of megabytes of pages, mostly simple: elements without attributes that contain text or other
 * elements. A scanner reads those many times faster than an XML parser. The rest of the page (counts, links) is parsed
 * as XML, with a marker in place of the items. If an item isn't that simple, or may be a whole order, the whole page is
 * parsed as XML. Both ways give the same result.
 *
 * Telephone numbers in items are converted to the ledger's format (`isNumberElement` says which texts are numbers).
 *
 * @throws {XmlError} if the document isn't well-formed, or its root or container doesn't match `container`. A missing
 * or empty container is an empty list.
 */
export function parseListPage(text: string, options: ListPageOptions): ListPage {
  const normalized = withoutStrayEndTags(normalizeText(checkLength(text, options.maxLength)), options);
  return normalizeItems(scanListPage(normalized, options) ?? parseItems(normalized, options), normalized, options);
}

function withoutStrayEndTags(text: string, { strayEndTag }: ListPageOptions): string {
  if (strayEndTag === undefined || new RegExp(`<${strayEndTag}[\\s>/]`).test(text)) return text;
  return text.replaceAll(`</${strayEndTag}>`, '');
}

function scanListPage(text: string, options: ListPageOptions): ListPage | undefined {
  const containerTag = `<${lastName(options.container)}>`;
  const containerStart = text.indexOf(containerTag);
  const start = containerStart < 0 ? -1 : text.indexOf(`<${options.item}>`, containerStart + containerTag.length);
  if (start < 0 || options.wholeItem !== undefined || hasListsWithinItems(options)) {
    return undefined;
  }
  const scanned = scanItems(text, start, options);
  if (scanned === undefined) {
    return undefined;
  }
  const before = text.slice(0, start);
  const after = text.slice(scanned.end);
  if (before.includes(marker) || after.includes(marker)) {
    return undefined;
  }
  const document = parseXml(`${before}<${marker}/>${after}`, parseOptions(options));
  const container = valueAt(document, options.container);
  if (!isElement(container) || container[marker] !== '') {
    return undefined;
  }
  // The container has more items after another element, or text next to the items.
  if (Object.hasOwn(container, options.item) || Object.hasOwn(container, '#text')) {
    return undefined;
  }
  delete container[marker];
  return { items: scanned.items, document };
}

/** The same with the XML parser alone; `parseListPage` returns exactly the same. */
export function parseWholeListPage(text: string, options: ListPageOptions): ListPage {
  return normalizeItems(parseItems(text, options), text, options);
}

function parseItems(text: string, options: ListPageOptions): ListPage {
  const document = parseXml(text, parseOptions(options));
  const [root] = options.container.split('.');
  if (root === undefined || !Object.hasOwn(document, root)) {
    throw new XmlError(`expected a document <${root}>, but it is <${Object.keys(document)[0]}>`, { hint: notTheApi });
  }
  const container = valueAt(document, options.container) ?? '';
  if (container === '') {
    return { items: [], document };
  }
  if (!isElement(container)) {
    const found = typeof container === 'string' ? 'it contains only text' : 'it occurs more than once';
    throw new XmlError(`expected a list in ${options.container}, but ${found}`);
  }
  return { items: takeItems(container, options), document };
}

/** Removes the items from their container. */
function takeItems(container: XmlElement, options: ListPageOptions): Item[] {
  const { item: itemName, wholeItem = itemName } = options;
  const indexes = fieldIndexes(options);
  return [...new Set([itemName, wholeItem])].flatMap((name) => {
    const values = Object.hasOwn(container, name) ? listAt(container, name) : [];
    delete container[name];
    return values.flatMap((value) =>
      name === options.wholeItem && isElement(value)
        ? [{ ...itemOf(value, options.fields.length, indexes), whole: value }]
        : itemsIn(value, options, indexes),
    );
  });
}

function normalizeItems(page: ListPage, text: string, { item: itemName, fields }: ListPageOptions): ListPage {
  if (!mayHoldE164(text)) return page;
  const numbers = fields.flatMap((name, index) => (isNumberElement(name === '#text' ? itemName : name) ? [index] : []));
  for (const { values, extra, whole } of page.items) {
    for (const index of numbers) {
      const value = values[index];
      if (value !== undefined) values[index] = toLedgerNumber(value);
    }
    if (extra !== undefined) normalizeNumbers(extra);
    if (whole !== undefined) normalizeNumbers(whole);
  }
  return page;
}

function parseOptions(options: ListPageOptions): { lists: string[]; maxLength: number | undefined } {
  return { lists: [`${options.container}.${options.item}`, ...(options.lists ?? [])], maxLength: options.maxLength };
}

/** A list inside an item stays a list even with a single element, which the scanner can't know. */
function hasListsWithinItems(options: ListPageOptions): boolean {
  const items = `${options.container}.${options.item}.`;
  return (options.lists ?? []).some((path) => path.startsWith(items));
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
