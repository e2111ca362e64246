import { notTheApi } from './errors.js';
import { fieldIndexes, itemsIn, scanItems } from './scan-items.js';
import { isNumberElement, mayHoldE164, normalizeNumbers, toLedgerNumber } from './telephone-number.js';
import { checkLength, parseXml, valueAt, type XmlElement, XmlError, type XmlValue } from './xml.js';
import { normalizeText } from './xml-text.js';

/** One entry of a list: the texts of the wanted elements in the order of `fields`, and everything else by name. */
export interface Item {
  values: (string | undefined)[];
  /**
   * Elements that are no wanted field; also a wanted one that repeats with different texts, has children, or comes again under
   * another name with a different text. Undefined where there are none.
   */
  extra: XmlElement | undefined;
}

export interface ListPageOptions {
  /** Path of the element that holds the items, from the root: `TelephoneNumbersResponse.TelephoneNumbers`. */
  container: string;
  /** Name of the element that repeats in it. */
  item: string;
  /** Names of the wanted child elements; the text of an item without children is named `#text`. */
  fields: readonly string[];
  /** Other names of wanted elements, each with the one in `fields` that it stands for. */
  aliases?: Readonly<Record<string, string>>;
  /** Further paths, from the root, of elements that are lists. */
  lists?: readonly string[];
  maxLength?: number;
}

export interface ListPage {
  items: Item[];
  /** The document without the items. */
  document: XmlElement;
}

// Stands in for the items that were read by the scanner.
const marker = 'tn-ledger-items';

/**
 * Reads a page of a list.
 *
 * A night reads hundreds of megabytes of them, mostly plain: elements without attributes that hold text or further elements.
 * Those are scanned at many times the speed of an XML parser; what is left of the page (counts, links) is parsed as XML, with a
 * marker where the items were. If an item is not that plain, the whole page is parsed as XML. Both ways give the same result.
 *
 * Telephone numbers of items come in the ledger's form, however the API spells them (`isNumberElement` says which texts are numbers).
 *
 * @throws {XmlError} when the document is not well-formed, or its root or its container is not what `container` says. A
 * container that is missing or empty is an empty list.
 */
export function parseListPage(text: string, options: ListPageOptions): ListPage {
  const normalized = normalizeText(checkLength(text, options.maxLength));
  return normalizeItems(scanListPage(normalized, options) ?? parseItems(normalized, options), normalized, options);
}

function scanListPage(text: string, options: ListPageOptions): ListPage | undefined {
  const containerTag = `<${lastName(options.container)}>`;
  const containerStart = text.indexOf(containerTag);
  const start = containerStart < 0 ? -1 : text.indexOf(`<${options.item}>`, containerStart + containerTag.length);
  if (start < 0 || hasListsWithinItems(options)) {
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
  // More items behind something else, or text whose white space went with the items.
  if (Object.hasOwn(container, options.item) || Object.hasOwn(container, '#text')) {
    return undefined;
  }
  delete container[marker];
  return { items: scanned.items, document };
}

/** The same by the XML parser alone; `parseListPage` gives exactly what this gives. */
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
    const found = typeof container === 'string' ? 'it holds only text' : 'it occurs more than once';
    throw new XmlError(`expected a list in ${options.container}, but ${found}`);
  }
  const items = Object.hasOwn(container, options.item) ? (container[options.item] as XmlValue[]) : [];
  delete container[options.item];
  const indexes = fieldIndexes(options);
  return { items: items.flatMap((item) => itemsIn(item, options, indexes)), document };
}

function normalizeItems(page: ListPage, text: string, { item: itemName, fields }: ListPageOptions): ListPage {
  if (!mayHoldE164(text)) return page;
  const numbers = fields.flatMap((name, index) => (isNumberElement(name === '#text' ? itemName : name) ? [index] : []));
  for (const { values, extra } of page.items) {
    for (const index of numbers) {
      const value = values[index];
      if (value !== undefined) values[index] = toLedgerNumber(value);
    }
    if (extra !== undefined) normalizeNumbers(extra);
  }
  return page;
}

function parseOptions(options: ListPageOptions): { lists: string[]; maxLength: number | undefined } {
  return { lists: [`${options.container}.${options.item}`, ...(options.lists ?? [])], maxLength: options.maxLength };
}

function isElement(value: XmlValue | undefined): value is XmlElement {
  return typeof value === 'object' && !Array.isArray(value);
}

/** A list in an item is one even where it has a single flat element, which the scanner can't know. */
function hasListsWithinItems(options: ListPageOptions): boolean {
  const items = `${options.container}.${options.item}.`;
  return (options.lists ?? []).some((path) => path.startsWith(items));
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
