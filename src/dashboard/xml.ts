import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { messageOf } from '../errors.js';
import { decodeEntities, prepareXml, XmlError } from './xml-text.js';

export { encodeText, XmlError } from './xml-text.js';

/** A value of a parsed document: text (trimmed; an empty element is `''`), an element with children, or a list of either. */
export type XmlValue = string | XmlElement | XmlValue[];

/**
 * An element's children by name, without a prototype, so an element named `toString` is safe. Text next to child
 * elements (the API has stray characters there) is kept as `#text`.
 */
export interface XmlElement {
  [name: string]: XmlValue;
}

export interface ParseXmlOptions {
  /**
   * Paths from the root (`TNs.TelephoneNumbers.TelephoneNumber`) of elements that are always lists, even if they occur
   * once.
   */
  lists?: readonly string[];
  /** In characters; longer documents are rejected. */
  maxLength?: number;
}

/** Far above any page of the API (a page of details of 2,500 numbers has 1.4 million characters). */
export const defaultMaxLength = 64 * 1024 * 1024;
const maxNesting = 64;

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: true,
  ignoreDeclaration: true,
  ignorePiTags: true,
  parseTagValue: false,
  trimValues: false,
  jPath: false,
  maxNestedTags: maxNesting,
  // Elements become properties of objects without a prototype, so their names don't need to be changed.
  onDangerousProperty: (name) => name,
  // The library's own decoder leaves numeric references and unknown entities as they are.
  entityDecoder: {
    decode: decodeEntities,
    setExternalEntities: ignore,
    addInputEntities: ignore,
    reset: ignore,
    setXmlVersion: ignore,
  },
});

function ignore(): void {}

/**
 * Parses a document; the result contains the root element under its name.
 *
 * All values are strings, attributes and comments are omitted, entities are decoded. A repeating element is a list, and
 * so is an element in `lists`, however often it occurs. The API's links with raw angle brackets, and those inside
 * comments, are read like the escaped ones.
 *
 * @throws {XmlError} if the document is truncated or otherwise not well-formed, has a DOCTYPE, or is too long or too
 * deep
 */
export function parseXml(text: string, options: ParseXmlOptions = {}): XmlElement {
  const prepared = prepareXml(checkLength(text, options.maxLength));
  // The parser itself accepts truncated documents and mismatched tags.
  const verdict = XMLValidator.validate(prepared);
  if (verdict === true && !prepared.trimEnd().endsWith('>')) {
    throw new XmlError('not well-formed XML: text after the root element');
  }
  if (verdict !== true) {
    throw new XmlError(`not well-formed XML: ${verdict.err.msg} (line ${verdict.err.line})`);
  }
  let nodes: unknown;
  try {
    nodes = parser.parse(prepared);
  } catch (error) {
    throw error instanceof XmlError
      ? error
      : new XmlError(`not well-formed XML: ${messageOf(error)}`, { cause: error });
  }
  const document = toValue(nodes as OrderedNode[], '', new Set(options.lists));
  if (typeof document === 'string' || Array.isArray(document)) {
    throw new XmlError('not well-formed XML: no root element');
  }
  const [root, ...others] = Object.keys(document);
  if (root === undefined || others.length > 0 || Array.isArray(document[root])) {
    throw new XmlError('not well-formed XML: more than one root element, or text next to it');
  }
  return document;
}

/** @throws {XmlError} if the text is longer than allowed */
export function checkLength(text: string, maxLength = defaultMaxLength): string {
  if (text.length > maxLength) {
    throw new XmlError(`an XML document of ${text.length} characters is longer than the ${maxLength} allowed`);
  }
  return text;
}

/** An element without children and without a prototype. */
export function emptyElement(): XmlElement {
  return Object.create(null) as XmlElement;
}

type OrderedNode = Record<string, string | OrderedNode[]>;

function toValue(nodes: readonly OrderedNode[], path: string, lists: ReadonlySet<string>): XmlValue {
  let text = '';
  let element: XmlElement | undefined;
  for (const node of nodes) {
    for (const name of Object.keys(node)) {
      const content = node[name] as string | OrderedNode[];
      if (typeof content === 'string') {
        text += content;
      } else {
        element ??= emptyElement();
        addChild(element, name, content, path === '' ? name : `${path}.${name}`, lists);
      }
    }
  }
  text = text.trim();
  if (element === undefined) {
    return text;
  }
  if (text !== '') {
    element['#text'] = text;
  }
  return element;
}

function addChild(
  element: XmlElement,
  name: string,
  content: readonly OrderedNode[],
  path: string,
  lists: ReadonlySet<string>,
): void {
  const value = toValue(content, path, lists);
  addValue(element, name, lists.has(path) && element[name] === undefined ? [value] : value);
}

/** Adds a child to an element; a repeating child becomes a list. */
export function addValue(element: XmlElement, name: string, value: XmlValue): void {
  const present = element[name];
  if (Array.isArray(present)) {
    present.push(value);
  } else {
    element[name] = present === undefined ? value : [present, value];
  }
}

/**
 * The value at a path of element names (`TNs.TotalCount`) below an element; undefined if a step is missing or a list.
 */
export function valueAt(element: XmlElement | undefined, path: string): XmlValue | undefined {
  let value: XmlValue | undefined = element;
  for (const name of path.split('.')) {
    if (value === undefined || typeof value === 'string' || Array.isArray(value) || !Object.hasOwn(value, name)) {
      return undefined;
    }
    value = value[name];
  }
  return value;
}

/** The text at a path; undefined if there is none, `''` for an empty element. */
export function textAt(element: XmlElement | undefined, path: string): string | undefined {
  const value = valueAt(element, path);
  return typeof value === 'string' ? value : undefined;
}

/** The element at a path; undefined if there is none or it contains only text. */
export function elementAt(element: XmlElement | undefined, path: string): XmlElement | undefined {
  const value = valueAt(element, path);
  return isElement(value) ? value : undefined;
}

/** Whether a value is one element with children. */
export function isElement(value: XmlValue | undefined): value is XmlElement {
  return typeof value === 'object' && !Array.isArray(value);
}

/** The text of an element that occurs once, or repeats with the same text or none; undefined for anything else. */
export function oneText(value: XmlValue): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const texts = new Set(value);
  texts.delete('');
  if (texts.size === 0) return '';
  const [text] = texts;
  return texts.size === 1 && typeof text === 'string' ? text : undefined;
}

/** The values at a path as a list, whether the element is missing, occurs once, or repeats. */
export function listAt(element: XmlElement | undefined, path: string): XmlValue[] {
  const value = valueAt(element, path);
  if (value === undefined) {
    return [];
  }
  return Array.isArray(value) ? value : [value];
}
