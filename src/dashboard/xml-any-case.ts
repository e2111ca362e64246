import { elementAt, emptyElement, listAt, parseXml, type XmlElement, XmlError, type XmlValue } from './xml.js';

// Bandwidth spells the names of elements in different cases.

/**
 * Parses a document, and returns its root.
 *
 * @throws {XmlError} if it isn't well-formed, or has another root
 */
export function parseRoot(text: string, expected: string): XmlElement {
  const document = parseXml(text);
  const [name = ''] = Object.keys(document);
  if (name.toLowerCase() !== expected.toLowerCase()) {
    throw new XmlError(`expected a document <${expected}>, but it is <${name}>`);
  }
  return elementAt(document, name) ?? emptyElement();
}

/** An element found by path: its parent, its name, and all its values. */
export interface Found {
  owner: XmlElement;
  name: string;
  values: XmlValue[];
}

/** Finds the elements at a path, whatever the case of their names. */
export function find(element: XmlElement, path: string): Found[] {
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

/** Removes the elements at a path, and returns their values. */
export function takeValues(element: XmlElement, path: string): XmlValue[] {
  const found = find(element, path);
  for (const { owner, name } of found) delete owner[name];
  return found.flatMap(({ values }) => values);
}
