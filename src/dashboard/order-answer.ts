import { type ApiErrorDetail, BrokenBodyError, parseApiErrors } from './errors.js';
import { parseCount } from './items.js';
import { mayHoldE164, normalizeNumbers } from './number-elements.js';
import type { OrderDetailResource } from './resource.js';
import { oneText, type XmlElement, XmlError, type XmlValue } from './xml.js';
import { type Found, find, parseRoot, takeValues } from './xml-any-case.js';

/** An order, read by id. */
export interface OrderAnswer {
  status: string | undefined;
  lastModified: string | undefined;
  /** Texts in the order of the resource's fields; undefined if missing, `''` for an empty element. */
  values: (string | undefined)[];
  /** Without duplicates, in the ledger's format; undefined if their element is missing. */
  numbers: string[] | undefined;
  /** Expected number of telephone numbers, if the response has it. */
  count: number | undefined;
  /** Number of failed telephone numbers, if the response has it. */
  failedCount: number | undefined;
  /** The order is for something else than telephone numbers (`insteadOfNumbers`). */
  isWithoutNumbers: boolean;
  /** Ids of its members, without duplicates; undefined if their element is missing. */
  members: string[] | undefined;
  /** Requested numbers, if the resource lists them separately. */
  requested: string[];
  errors: ApiErrorDetail[];
  /**
   * Paths of fields that occur more than once with different texts. Their values are undefined; all texts stay in
   * `rest`.
   */
  contradictions: string[];
  /** The rest of the response, including the errors. May contain personal data. */
  rest: XmlElement;
}

/**
 * Parses an order. Names are case-insensitive, and an element may occur once or repeat.
 *
 * @throws {XmlError} if the response isn't well-formed, or contains no part of an order
 * @throws {BrokenBodyError} if the response is another order
 */
export function parseOrderAnswer(text: string, resource: OrderDetailResource, orderId: string): OrderAnswer {
  return readOrderElement(rootOf(text, resource.root), resource, orderId);
}

/**
 * Reads an order from its element, whose telephone numbers are in the ledger's format. The element becomes the answer's
 * `rest`.
 *
 * @throws {XmlError} if the element contains no part of an order
 * @throws {BrokenBodyError} if it is another order
 */
export function readOrderElement(rest: XmlElement, resource: OrderDetailResource, orderId: string): OrderAnswer {
  const contradictions = pathsOf(resource).filter((path) => isContradiction(rest, path));
  const errors = parseApiErrors(rest);
  const id = resource.id === undefined ? undefined : takeText(rest, resource.id);
  if (id !== undefined && id !== '' && id.toLowerCase() !== orderId.toLowerCase()) {
    throw new BrokenBodyError('the response is another order');
  }
  const status = takeText(rest, resource.status);
  const lastModified = resource.lastModified === undefined ? undefined : takeText(rest, resource.lastModified);
  const { numbers: described } = resource;
  const count = countAt(rest, described?.count);
  const failedCount = countAt(rest, described?.failedCount);
  const values = resource.fields.map(({ path }) => textOf(rest, path));
  for (const { path } of resource.fields) takeText(rest, path);
  const numbers = described === undefined ? undefined : takeTexts(rest, described.path);
  const members = resource.members && takeTexts(rest, resource.members.path);
  const instead = described?.insteadOfNumbers ?? [];
  const isWithoutNumbers =
    !numbers?.length && instead.some((path) => valuesAt(rest, path).some((value) => value !== ''));
  const requested = described?.requested === undefined ? [] : textsIn(find(rest, described.requested));
  if (described?.requested !== undefined && requested.every((number) => numbers?.includes(number))) {
    takeValues(rest, described.requested);
  }
  if (!status && numbers === undefined && values.every((value) => value === undefined)) {
    throw new XmlError(`expected an order in <${resource.root}>, but it contains none`);
  }
  return {
    ...{ status: status || undefined, lastModified, values, numbers, count, failedCount, isWithoutNumbers },
    ...{ members, requested, errors, contradictions, rest },
  };
}

/** Paths of all texts read from an order, without duplicates. */
function pathsOf({ id, status, lastModified, fields }: OrderDetailResource): string[] {
  const paths = [id, status, lastModified, ...fields.map(({ path }) => path)];
  return [...new Set(paths.filter((path) => path !== undefined))];
}

/**
 * Parses the numbers of an order from the resource that lists only those (`orders/{id}/tns`).
 *
 * @throws {XmlError} if the response isn't well-formed, or isn't a list of numbers
 */
export function parseOrderNumbers(text: string): string[] {
  return textsIn(find(rootOf(text, 'TelephoneNumbers'), 'TelephoneNumber'));
}

/**
 * Parses a part of an order that a resource of its own has: the texts of a repeating element, undefined if the element
 * that contains them is missing, and everything else.
 *
 * @throws {XmlError} if the response isn't well-formed, or has another root
 */
export function parseOrderPart(
  text: string,
  { root, path }: { root: string; path: string },
): { texts: string[] | undefined; rest: XmlElement } {
  const rest = rootOf(text, root);
  return { texts: takeTexts(rest, path), rest };
}

/** The document's root, with telephone numbers in the ledger's format. */
function rootOf(text: string, expected: string): XmlElement {
  const root = parseRoot(text, expected);
  if (mayHoldE164(text)) normalizeNumbers(root);
  return root;
}

function countAt(element: XmlElement, path: string | undefined): number | undefined {
  return path === undefined ? undefined : parseCount(textOf(element, path));
}

/** The text at a path, which may repeat if it is the same; undefined for anything else. */
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

function takeText(element: XmlElement, path: string): string | undefined {
  const text = textOf(element, path);
  if (text !== undefined) takeValues(element, path);
  return text;
}

function takeTexts(element: XmlElement, path: string): string[] | undefined {
  const found = find(element, path);
  const container = path.slice(0, path.lastIndexOf('.'));
  if (found.length === 0 && find(element, container).length === 0) return undefined;
  takeValues(element, path);
  return textsIn(found);
}

function textsIn(found: readonly Found[]): string[] {
  const numbers = found.flatMap(({ values }) =>
    values.map((value) => {
      if (typeof value === 'string') return value;
      return Array.isArray(value) ? undefined : textOf(value, 'FullNumber');
    }),
  );
  return [...new Set(numbers.filter((number) => number !== undefined && number !== ''))] as string[];
}
