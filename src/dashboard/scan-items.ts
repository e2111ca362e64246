import { emptyRow, fieldIndexes, type Item, itemsIn, type ListPageOptions, setField } from './list-item.js';
import { addValue, emptyElement, type XmlElement, XmlError, type XmlValue } from './xml.js';
import { decodeEntities } from './xml-text.js';

// Names that could pollute a prototype are left to the XML parser, which rejects them.
const plainTag = /^(?!(?:__proto__|constructor|prototype)\b)([A-Za-z_][\w.-]*)([ \t\n]*\/)?$/;
/** Deeper elements are left to the XML parser, which enforces the nesting limit. */
const maxDepth = 16;

/** Enough for the shapes of a page's items; a page in which every item has another shape is read tag by tag. */
const maxShapes = 64;

/** An opening tag as it appears in the text. */
interface Tag {
  opening: string;
  name: string;
  isEmpty: boolean;
  closing: string;
  /** Index in `fields`; -1 for `extra`. */
  field: number;
}

/**
 * Items with the same children in the same order, all of them texts. One expression reads such an item at once, three times as
 * fast as tag by tag.
 */
interface Shape {
  pattern: RegExp;
  children: readonly Tag[];
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
  const shapes = new Map<string, Shape>();
  const items: Item[] = [];
  let shape: Shape | undefined;
  let at = start;

  /** Reads the opening tag at the current offset. */
  function readTag(): Tag | undefined {
    const end = text.indexOf('>', at);
    const spelling = text.slice(at + 1, end < 0 ? at : end);
    at = end + 1;
    if (!tags.has(spelling)) {
      const [, name, slash] = plainTag.exec(spelling) ?? [];
      const isEmpty = slash !== undefined;
      const field = indexes.get(name ?? '') ?? -1;
      const tag =
        name === undefined ? undefined : { opening: `<${spelling}>`, name, isEmpty, closing: `</${name}>`, field };
      tags.set(spelling, tag);
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
    const children: Tag[] = [];
    let hasOnlyTexts = true;
    at += opening.length;
    for (;;) {
      const between = readText();
      if (between === undefined) return undefined;
      if (text.startsWith(closing, at)) {
        at += closing.length;
        if (children.length === 0) setField(item, indexes.get('#text') ?? -1, '#text', between);
        else if (hasOnlyTexts) shape = shapeOf(children);
        return children.length === 0 || between === '' ? item : undefined;
      }
      const child = between === '' ? readTag() : undefined;
      if (child === undefined || child.name === options.item) return undefined;
      if (children.some(({ name }) => name === child.name)) return undefined;
      children.push(child);
      const value = readContent(child, 1);
      if (value === undefined) return undefined;
      hasOnlyTexts &&= typeof value === 'string';
      setField(item, child.field, child.name, value);
    }
  }

  function shapeOf(children: readonly Tag[]): Shape | undefined {
    const key = children.map((child) => child.opening).join('');
    const known = shapes.get(key);
    if (known !== undefined || shapes.size === maxShapes) return known;
    const elements = children.map((child) =>
      child.isEmpty ? `${literal(child.opening)}()` : `${literal(child.opening)}([^<]*)${literal(child.closing)}`,
    );
    const pattern = new RegExp([literal(opening), ...elements, literal(closing)].join('[ \\t\\n]*'), 'y');
    shapes.set(key, { pattern, children });
    return shapes.get(key);
  }

  /** Reads an item of this shape; undefined for any other. */
  function readShape({ pattern, children }: Shape): Item | undefined {
    pattern.lastIndex = at;
    const match = pattern.exec(text);
    if (match === null) return undefined;
    const item: Item = { values: emptyRow(options.fields.length), extra: undefined };
    for (const [index, { field, name }] of children.entries()) {
      const value = cleanText(match[index + 1] as string);
      if (value === undefined) return undefined;
      setField(item, field, name, value);
    }
    at = pattern.lastIndex;
    return item;
  }

  while (text.startsWith(opening, at)) {
    const begin = at;
    const row = (shape && readShape(shape)) ?? readRow();
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

/** A tag as part of a regular expression: of the characters that tags have, only the dot has a meaning there. */
function literal(tag: string): string {
  return tag.replaceAll('.', '\\.');
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
