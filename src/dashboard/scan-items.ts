import { emptyRow, fieldIndexes, type Item, itemsIn, type ListPageOptions, setField } from './list-item.js';
import { addValue, emptyElement, type XmlElement, XmlError, type XmlValue } from './xml.js';
import { decodeEntities } from './xml-text.js';

// Names that could pollute a prototype are left to the XML parser, which rejects them.
const plainTag = /^(?!(?:__proto__|constructor|prototype)\b)([A-Za-z_][\w.-]*)([ \t\n]*\/)?$/;
/** Deeper elements are left to the XML parser, which enforces the nesting limit. */
const maxDepth = 16;

/** An opening tag as it appears in the text. */
interface Tag {
  name: string;
  isEmpty: boolean;
  closing: string;
  /** Index in `fields`; -1 for `extra`. */
  field: number;
}

/**
 * Scans consecutive items from `start` (an item's opening tag).
 *
 * Strict: accepts only tags without attributes, and either text or elements separated by white space. Returns undefined
 * for anything else; use the XML parser then. `end` is the offset after the last item and its trailing white space.
 */
export function scanItems(
  text: string,
  start: number,
  options: ListPageOptions,
): { items: Item[]; end: number } | undefined {
  const indexes = fieldIndexes(options);
  // A page repeats the same few tags: parse each only once.
  const tags = new Map<string, Tag | undefined>();
  const opening = `<${options.item}>`;
  const closing = `</${options.item}>`;
  const items: Item[] = [];
  let at = start;

  /** Reads the opening tag at the current offset. */
  function readTag(): Tag | undefined {
    const end = text.indexOf('>', at);
    const spelling = text.slice(at + 1, end < 0 ? at : end);
    at = end + 1;
    if (!tags.has(spelling)) {
      const [, name, slash] = plainTag.exec(spelling) ?? [];
      const field = name === undefined ? -1 : (indexes.get(name) ?? -1);
      tags.set(spelling, name === undefined ? undefined : { name, isEmpty: !!slash, closing: `</${name}>`, field });
    }
    return tags.get(spelling);
  }

  /** Reads the text up to the next tag. */
  function readText(): string | undefined {
    const end = text.indexOf('<', at);
    if (end < 0) return undefined;
    const raw = text.slice(at, end);
    at = end;
    return cleanText(raw);
  }

  /** Reads the content and closing tag of an element. Returns the same value as `parseXml`. */
  function readContent({ isEmpty, closing }: Tag, depth: number): XmlValue | undefined {
    if (isEmpty) return '';
    let element: XmlElement | undefined;
    for (;;) {
      const between = readText();
      if (between === undefined) return undefined;
      if (text.startsWith(closing, at)) {
        at += closing.length;
        if (element === undefined) return between;
        return between === '' ? element : undefined;
      }
      const child = between === '' && depth < maxDepth ? readTag() : undefined;
      const value = child && readContent(child, depth + 1);
      if (child === undefined || value === undefined) return undefined;
      element ??= emptyElement();
      addValue(element, child.name, value);
    }
  }

  /** Reads an item without repeating children directly into fields; undefined for any other item. */
  function readRow(): Item | undefined {
    const item: Item = { values: emptyRow(options.fields.length), extra: undefined };
    const names: string[] = [];
    at += opening.length;
    for (;;) {
      const between = readText();
      if (between === undefined) return undefined;
      if (text.startsWith(closing, at)) {
        at += closing.length;
        if (names.length === 0) setField(item, indexes.get('#text') ?? -1, '#text', between);
        return names.length === 0 || between === '' ? item : undefined;
      }
      const child = between === '' ? readTag() : undefined;
      if (child === undefined || names.includes(child.name) || child.name === options.item) return undefined;
      names.push(child.name);
      const value = readContent(child, 1);
      if (value === undefined) return undefined;
      setField(item, child.field, child.name, value);
    }
  }

  while (text.startsWith(opening, at)) {
    const begin = at;
    const row = readRow();
    if (row !== undefined) {
      items.push(row);
    } else {
      at = begin;
      const tag = readTag();
      const value = tag && readContent(tag, 0);
      if (value === undefined) return undefined;
      items.push(...itemsIn(value, options, indexes));
    }
    if (text[at] !== '<') at = endOfSpace(text, at);
  }
  return { items, end: at };
}

function endOfSpace(text: string, start: number): number {
  let at = start;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\t') at += 1;
  return at;
}

/** Trims and decodes text; undefined if it has an unknown entity. */
function cleanText(raw: string): string | undefined {
  if (!raw.includes('&')) return raw.trim();
  try {
    return decodeEntities(raw).trim();
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}
