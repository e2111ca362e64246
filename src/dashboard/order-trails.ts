import { parseApiErrors } from './errors.js';
import { emptyElement, isElement, listAt, parseXml, type XmlElement, XmlError, type XmlValue } from './xml.js';

/** An entry of `orders/{id}/history` or `orders/{id}/notes`. */
export interface TrailEntry {
  /** The texts of the fields that were asked for, by name; a field that repeats has several. */
  texts: Record<string, string[]>;
  /** Everything else. May contain personal data. */
  rest: XmlElement;
}

/** A document with a list of entries, as data. */
export interface TrailDocument {
  root: string;
  item: string;
  fields: readonly string[];
}

/** Bandwidth keeps no history of drafts. */
const unsupportedCode = '7710';

/**
 * Parses the history or the notes of an order. Names are case-insensitive.
 *
 * @returns the entries in Bandwidth's order; `unsupported` if the API says that it has no history of drafts
 * @throws {XmlError} if the response isn't well-formed, isn't such a document, or has errors instead of entries
 */
export function parseTrail(text: string, { root, item, fields }: TrailDocument): TrailEntry[] | 'unsupported' {
  const document = parseXml(text);
  const [name = ''] = Object.keys(document);
  if (name.toLowerCase() !== root.toLowerCase())
    throw new XmlError(`expected a document <${root}>, but it is <${name}>`);
  const [content] = listAt(document, name);
  const entries = isElement(content) ? take(content, item).filter((value) => value !== '') : [];
  if (entries.length === 0) {
    const errors = parseApiErrors(document);
    if (errors.some(({ code }) => code === unsupportedCode)) return 'unsupported';
    if (errors.length > 0) throw new XmlError(`expected a list of <${item}>, but it has errors`);
  }
  return entries.map((value) => {
    const rest = isElement(value) ? value : Object.assign(emptyElement(), { '#text': value });
    return { texts: Object.fromEntries(fields.map((field) => [field, takeTexts(rest, field)])), rest };
  });
}

/** Removes the values of an element, whatever the case of its name. */
function take(element: XmlElement, wanted: string): XmlValue[] {
  return Object.keys(element)
    .filter((name) => name.toLowerCase() === wanted.toLowerCase())
    .flatMap((name) => {
      const values = listAt(element, name);
      delete element[name];
      return values;
    });
}

/** Removes the element, and returns its different texts; what isn't text stays. */
function takeTexts(element: XmlElement, name: string): string[] {
  const values = take(element, name);
  const others = values.filter((value) => typeof value !== 'string');
  if (others.length > 0) element[name] = others;
  return [...new Set(values.filter((value) => typeof value === 'string' && value !== ''))] as string[];
}
