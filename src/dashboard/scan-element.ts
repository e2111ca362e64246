import { addValue, emptyElement, type XmlElement, XmlError, type XmlValue } from './xml.js';
import { decodeEntities } from './xml-text.js';

// Names that an object's prototype makes dangerous are left to the XML parser, which refuses them.
const openingTag = /<(?!(?:__proto__|constructor|prototype)\b)([A-Za-z_][\w.-]*)(>|[ \t\n]*\/>)/y;
/** Deeper elements are left to the XML parser, which knows how deep is too deep. */
const maxDepth = 16;

export interface ScannedElement {
  name: string;
  /** As `parseXml` gives it. */
  value: XmlValue;
  /** The place after its closing tag. */
  end: number;
}

/**
 * Scans the element that begins at a place, with all that is in it.
 *
 * Strict: it accepts only tags without attributes, and either text or further elements with white space between them.
 * Undefined when it meets anything else; then the XML parser has to say what it is.
 */
export function scanElement(text: string, start: number, depth = 0): ScannedElement | undefined {
  openingTag.lastIndex = start;
  const [opening, name, tagEnd] = openingTag.exec(text) ?? [];
  if (opening === undefined || name === undefined || depth > maxDepth) {
    return undefined;
  }
  let at = start + opening.length;
  if (tagEnd !== '>') {
    return { name, value: '', end: at };
  }
  const closing = `</${name}>`;
  let element: XmlElement | undefined;
  for (;;) {
    const next = text.indexOf('<', at);
    const between = next < 0 ? undefined : cleanText(text.slice(at, next));
    if (between === undefined) {
      return undefined;
    }
    if (text.startsWith(closing, next)) {
      const value = element ?? between;
      return element === undefined || between === '' ? { name, value, end: next + closing.length } : undefined;
    }
    const child = between === '' ? scanElement(text, next, depth + 1) : undefined;
    if (child === undefined) {
      return undefined;
    }
    element ??= emptyElement();
    addValue(element, child.name, child.value);
    at = child.end;
  }
}

/** The text trimmed and decoded; undefined when it has an entity that doesn't exist. */
export function cleanText(raw: string): string | undefined {
  if (!raw.includes('&')) {
    return raw.trim();
  }
  try {
    return decodeEntities(raw).trim();
  } catch (error) {
    if (error instanceof XmlError) {
      return undefined;
    }
    throw error;
  }
}
