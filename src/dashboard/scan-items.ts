import type { Item, ListPageOptions } from './list-page.js';
import { cleanText, scanElement } from './scan-element.js';
import { emptyElement, listAt, oneText, type XmlElement, type XmlValue } from './xml.js';

/** Items whose children have the same names in the same order: one expression reads such an item whole. */
interface Shape {
  pattern: RegExp;
  /** The children in order; `field` is the index among the wanted fields, -1 for `extra`. */
  children: readonly { name: string; field: number }[];
}

const space = '[ \\t\\n]*';
// Names that an object's prototype makes dangerous are left to the XML parser, which refuses them.
const childPattern = new RegExp(
  `${space}<(?!(?:__proto__|constructor|prototype)\\b)([A-Za-z_][\\w.-]*)(?:>[^<]*</\\1>|${space}/>)`,
  'y',
);
const spaces = new RegExp(space, 'y');
// An account's flat items come in a handful of shapes. Where each is of another, they are better scanned element by element.
const maxShapes = 64;

/**
 * Scans items from `start` (an item's opening tag) as long as one follows the other: flat ones, whose children hold text only and
 * come once, by the shape they share with others; any other element by element.
 *
 * Strict: it accepts only opening tags without attributes, texts, closing tags and white space. Undefined when it meets anything
 * else; then the XML parser has to say what it is. `end` is the place after the last item.
 */
export function scanItems(
  text: string,
  start: number,
  options: ListPageOptions,
): { items: Item[]; end: number } | undefined {
  const open = `<${options.item}>`;
  const shapes = new Map<string, Shape>();
  const indexes = fieldIndexes(options);
  const items: Item[] = [];
  let shape: Shape | undefined;
  let allFlat = true;
  let at = start;
  while (text.startsWith(open, at)) {
    let match = execAt(shape?.pattern, text, at);
    if (match === null && allFlat) {
      shape = shapeAt(text, at, options, indexes, shapes);
      match = execAt(shape?.pattern, text, at);
    }
    const item = shape && match && toItem(match, shape, options.fields.length);
    if (item && match) {
      items.push(item);
      at += match[0].length;
      continue;
    }
    // Where one item is not flat, most are not: they are not looked at twice.
    allFlat = false;
    const element = scanElement(text, at);
    if (element === undefined) {
      return undefined;
    }
    items.push(...itemsIn(element.value, options, indexes));
    at = element.end + (execAt(spaces, text, element.end)?.[0].length ?? 0);
  }
  return { items, end: at };
}

function execAt(pattern: RegExp | undefined, text: string, at: number): RegExpExecArray | null {
  if (pattern === undefined) {
    return null;
  }
  pattern.lastIndex = at;
  return pattern.exec(text);
}

/** The shape of the item that begins at a place, read child by child; undefined when it is not a flat one. */
function shapeAt(
  text: string,
  start: number,
  options: ListPageOptions,
  indexes: ReadonlyMap<string, number>,
  shapes: Map<string, Shape>,
): Shape | undefined {
  const names: string[] = [];
  const patterns: string[] = [];
  let at = start + options.item.length + 2;
  for (let child = execAt(childPattern, text, at); child !== null; child = execAt(childPattern, text, at)) {
    const [whole, name = ''] = child;
    if (names.includes(name) || name === options.item) {
      return undefined;
    }
    names.push(name);
    patterns.push(whole.endsWith('/>') ? `${space}<${escapeName(name)}${space}()/>` : elementPattern(name));
    at += whole.length;
  }
  const signature = patterns.join('');
  const known = shapes.get(signature);
  if (known !== undefined || shapes.size === maxShapes) {
    return known;
  }
  const isText = names.length === 0;
  const content = isText ? '([^<]*)' : `${signature}${space}`;
  const item = escapeName(options.item);
  const shape: Shape = {
    pattern: new RegExp(`<${item}>${content}</${item}>${space}`, 'y'),
    children: (isText ? ['#text'] : names).map((name) => ({ name, field: indexes.get(name) ?? -1 })),
  };
  shapes.set(signature, shape);
  return shape;
}

function elementPattern(name: string): string {
  const escaped = escapeName(name);
  return `${space}<${escaped}>([^<]*)</${escaped}>`;
}

function escapeName(name: string): string {
  return name.replaceAll('.', '\\.');
}

/** Undefined when one of its texts is not well-formed. */
function toItem(match: RegExpExecArray, shape: Shape, fieldCount: number): Item | undefined {
  const item: Item = { values: emptyRow(fieldCount), extra: undefined };
  let group = 0;
  for (const { name, field } of shape.children) {
    group += 1;
    const value = cleanText(match[group] ?? '');
    if (value === undefined) {
      return undefined;
    }
    place(item, field, name, value);
  }
  return item;
}

/**
 * Puts a child where it belongs. One that comes under several names fills its field once: an empty one and the same text again
 * are dropped, a different text is kept under its own name.
 */
function place(item: Item, field: number, name: string, value: XmlValue): void {
  if (field >= 0 && typeof value === 'string') {
    const present = item.values[field];
    if (!present) {
      item.values[field] = value;
      return;
    }
    if (value === present || value === '') return;
  }
  if (name !== '#text' || value !== '') {
    item.extra ??= emptyElement();
    item.extra[name] = value;
  }
}

/**
 * The entries in an item that was read as an element: itself, and those nested in it. Bandwidth's reference shows every
 * summary of `importTnOrders` inside another element of the same name; an element that only wraps others is no entry.
 */
export function itemsIn(
  value: XmlValue,
  { item, fields }: Pick<ListPageOptions, 'item' | 'fields'>,
  indexes: ReadonlyMap<string, number>,
): Item[] {
  if (typeof value === 'string' || Array.isArray(value) || !Object.hasOwn(value, item)) {
    return [itemOf(value, fields.length, indexes)];
  }
  const { [item]: _nested, ...own } = value;
  const nested = listAt(value, item).flatMap((inner) => itemsIn(inner, { item, fields }, indexes));
  return Object.keys(own).length === 0 ? nested : [itemOf(own, fields.length, indexes), ...nested];
}

/** An entry of a list that was read as an element. */
function itemOf(value: XmlValue, fieldCount: number, indexes: ReadonlyMap<string, number>): Item {
  const element = typeof value === 'string' ? textElement(value) : (value as XmlElement);
  const item: Item = { values: emptyRow(fieldCount), extra: undefined };
  for (const [name, content] of Object.entries(element)) {
    const field = indexes.get(name) ?? -1;
    place(item, field, name, field < 0 ? content : (oneText(content) ?? content));
  }
  return item;
}

function textElement(text: string): XmlElement {
  const element = emptyElement();
  element['#text'] = text;
  return element;
}

/** Where each wanted element's text belongs, by all the names that it may have. */
export function fieldIndexes({ fields, aliases = {} }: ListPageOptions): ReadonlyMap<string, number> {
  const indexes = new Map(fields.map((name, index) => [name, index]));
  for (const [alias, name] of Object.entries(aliases)) indexes.set(alias, fields.indexOf(name));
  return indexes;
}

/** A row of `length` values, none of them there yet. */
export function emptyRow(length: number): (string | undefined)[] {
  return new Array<string | undefined>(length).fill(undefined);
}
