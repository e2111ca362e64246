import { parseApiErrors } from './errors.js';
import { emptyElement, isElement, type XmlElement, XmlError } from './xml.js';
import { parseRoot, takeValues } from './xml-any-case.js';

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
  const content = parseRoot(text, root);
  const entries = takeValues(content, item).filter((value) => value !== '');
  if (entries.length === 0) {
    const errors = parseApiErrors(content);
    if (errors.some(({ code }) => code === unsupportedCode)) return 'unsupported';
    if (errors.length > 0) throw new XmlError(`expected a list of <${item}>, but it has errors`);
  }
  return entries.map((value) => {
    const rest = isElement(value) ? value : Object.assign(emptyElement(), { '#text': value });
    return { texts: Object.fromEntries(fields.map((field) => [field, takeTexts(rest, field)])), rest };
  });
}

/** Removes the element, and returns its different texts; what isn't text stays. */
function takeTexts(element: XmlElement, name: string): string[] {
  const values = takeValues(element, name);
  const others = values.filter((value) => typeof value !== 'string');
  if (others.length > 0) element[name] = others;
  return [...new Set(values.filter((value) => typeof value === 'string' && value !== ''))] as string[];
}
