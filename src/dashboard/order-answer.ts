import { type ApiErrorDetail, BrokenBodyError, parseApiErrors } from './errors.js';
import { parseCount } from './items.js';
import type { OrderDetailResource } from './order-details.js';
import { mayHoldE164, normalizeNumbers } from './telephone-number.js';
import { elementAt, emptyElement, listAt, oneText, parseXml, type XmlElement, XmlError, type XmlValue } from './xml.js';

/** What an order answers when it is read by id. */
export interface OrderAnswer {
  status: string | undefined;
  lastModified: string | undefined;
  /** Texts in the order of the resource's fields; undefined where there is none, `''` for an empty element. */
  values: (string | undefined)[];
  /** Each once, in the ledger's form; undefined where the element for them is missing. */
  numbers: string[] | undefined;
  /** How many numbers there are to be, where the answer tells it. */
  count: number | undefined;
  /** How many failed, where the answer tells it. */
  failedCount: number | undefined;
  /** Numbers that were asked for, where the resource tells them apart. */
  requested: string[];
  errors: ApiErrorDetail[];
  /** Paths of fields that come more than once with different texts: none of them is taken, all are in `rest`. */
  contradictions: string[];
  /** What is in the answer beyond all this, and the errors. It may hold personal data. */
  rest: XmlElement;
}

/**
 * Reads the answer of an order. Names are taken in whatever case, one element like many.
 *
 * @throws {XmlError} when it is not well-formed, or holds nothing of an order
 * @throws {BrokenBodyError} when it is the answer of another order
 */
export function parseOrderAnswer(text: string, resource: OrderDetailResource, orderId: string): OrderAnswer {
  const rest = rootOf(text, resource.root);
  const contradictions = pathsOf(resource).filter((path) => isContradiction(rest, path));
  const errors = parseApiErrors(rest);
  const id = resource.id === undefined ? undefined : takeText(rest, resource.id);
  if (id !== undefined && id !== '' && id.toLowerCase() !== orderId.toLowerCase()) {
    throw new BrokenBodyError('the answer is that of another order');
  }
  const status = takeText(rest, resource.status);
  const lastModified = resource.lastModified === undefined ? undefined : takeText(rest, resource.lastModified);
  const { numbers: described } = resource;
  const count = countAt(rest, described?.count);
  const failedCount = countAt(rest, described?.failedCount);
  const values = resource.fields.map(({ path }) => textOf(rest, path));
  for (const { path } of resource.fields) takeText(rest, path);
  const numbers = described === undefined ? undefined : takeNumbers(rest, described.path);
  const requested = described?.requested === undefined ? [] : numbersIn(find(rest, described.requested));
  if (described?.requested !== undefined && requested.every((number) => numbers?.includes(number))) {
    take(rest, described.requested);
  }
  if (!status && numbers === undefined && values.every((value) => value === undefined)) {
    throw new XmlError(`expected an order in <${resource.root}>, but there is nothing of one in it`);
  }
  return {
    ...{ status: status || undefined, lastModified, values, numbers, count, failedCount },
    ...{ requested, errors, contradictions, rest },
  };
}

/** Paths of all texts that are read of an order, each once. */
function pathsOf({ id, status, lastModified, fields }: OrderDetailResource): string[] {
  const paths = [id, status, lastModified, ...fields.map(({ path }) => path)];
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/**
 * Reads the numbers of an order from the resource that holds nothing else (`orders/{id}/tns`).
 *
 * @throws {XmlError} when it is not well-formed, or something else
 */
export function parseOrderNumbers(text: string): string[] {
  return numbersIn(find(rootOf(text, 'TelephoneNumbers'), 'TelephoneNumber'));
}

/** The document's root, its telephone numbers in the ledger's form. */
function rootOf(text: string, expected: string): XmlElement {
  const document = parseXml(text);
  const [name = ''] = Object.keys(document);
  if (name.toLowerCase() !== expected.toLowerCase()) {
    throw new XmlError(`expected a document <${expected}>, but it is <${name}>`);
  }
  const root = elementAt(document, name) ?? emptyElement();
  if (mayHoldE164(text)) normalizeNumbers(root);
  return root;
}

/** An element by its path: where it hangs, and all that stands under its name. */
interface Found {
  owner: XmlElement;
  name: string;
  values: XmlValue[];
}

function find(element: XmlElement, path: string): Found[] {
  const [first = '', ...others] = path.toLowerCase().split('.');
  return Object.keys(element)
    .filter((name) => name.toLowerCase() === first)
    .flatMap((name) => {
      const values = listAt(element, name);
      if (others.length === 0) return [{ owner: element, name, values }];
      return values.flatMap((value) =>
        typeof value === 'object' && !Array.isArray(value) ? find(value, others.join('.')) : [],
      );
    });
}

function countAt(element: XmlElement, path: string | undefined): number | undefined {
  return path === undefined ? undefined : parseCount(textOf(element, path));
}

/** The text at a path, which may come several times if it is the same; undefined where there is none, or something else. */
function textOf(element: XmlElement, path: string): string | undefined {
  const values = valuesAt(element, path);
  return values.length === 0 ? undefined : oneText(values);
}

function valuesAt(element: XmlElement, path: string): XmlValue[] {
  return find(element, path).flatMap(({ values }) => values);
}

function isContradiction(element: XmlElement, path: string): boolean {
  const values = valuesAt(element, path);
  return values.length > 1 && values.every((value) => typeof value === 'string') && oneText(values) === undefined;
}

function take(element: XmlElement, path: string): void {
  for (const { owner, name } of find(element, path)) delete owner[name];
}

function takeText(element: XmlElement, path: string): string | undefined {
  const text = textOf(element, path);
  if (text !== undefined) take(element, path);
  return text;
}

function takeNumbers(element: XmlElement, path: string): string[] | undefined {
  const found = find(element, path);
  const container = path.slice(0, path.lastIndexOf('.'));
  if (found.length === 0 && find(element, container).length === 0) return undefined;
  take(element, path);
  return numbersIn(found);
}

function numbersIn(found: readonly Found[]): string[] {
  const numbers = found.flatMap(({ values }) =>
    values.map((value) => {
      if (typeof value === 'string') return value;
      return Array.isArray(value) ? undefined : textOf(value, 'FullNumber');
    }),
  );
  return [...new Set(numbers.filter((number) => number !== undefined && number !== ''))] as string[];
}
