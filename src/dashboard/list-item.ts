import { emptyElement, listAt, oneText, type XmlElement, type XmlValue } from './xml.js';

/** One entry of a list: the texts of the requested elements in the order of `fields`, and everything else by name. */
export interface Item {
  values: (string | undefined)[];
  /**
   * Elements that aren't requested fields, and requested ones that repeat with different texts, have children, or
   * reappear under an alias with a different text. Undefined if there are none.
   */
  extra: XmlElement | undefined;
  /** The element itself, if its name is `wholeItem`. */
  whole?: XmlElement;
}

export interface ListPageOptions {
  /** Path of the element that contains the items, from the root: `TelephoneNumbersResponse.TelephoneNumbers`. */
  container: string;
  /** Name of the repeating element. */
  item: string;
  /** See `ListResource`. */
  strayEndTag?: string;
  /** Name of the repeating element that is a whole order; see `ListResource`. */
  wholeItem?: string;
  /** Names of the requested child elements; `#text` is the text of an item without children. */
  fields: readonly string[];
  /** Aliases of requested elements, mapped to the name in `fields`. */
  aliases?: Readonly<Record<string, string>>;
  /** Paths, from the root, of other elements that are lists. */
  lists?: readonly string[];
  maxLength?: number;
}

/**
 * Stores a child element in its field or in `extra`. If several names map to one field, the first text fills it; empty
 * and equal texts are dropped, a different text is kept in `extra` under its own name.
 */
export function setField(item: Item, field: number, name: string, value: XmlValue): void {
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
 * The entries in a parsed item: the item itself and those nested in it. Bandwidth's reference shows every summary of
 * `importTnOrders` inside another element of the same name; an element that only wraps others isn't an entry.
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

/** Converts a parsed element to an entry. */
export function itemOf(value: XmlValue, fieldCount: number, indexes: ReadonlyMap<string, number>): Item {
  const element = typeof value === 'string' ? textElement(value) : (value as XmlElement);
  const item: Item = { values: emptyRow(fieldCount), extra: undefined };
  for (const [name, content] of Object.entries(element)) {
    const field = indexes.get(name) ?? -1;
    setField(item, field, name, field < 0 ? content : (oneText(content) ?? content));
  }
  return item;
}

function textElement(text: string): XmlElement {
  const element = emptyElement();
  element['#text'] = text;
  return element;
}

/** The index in `fields` of each requested element, by name and alias. */
export function fieldIndexes({ fields, aliases = {} }: ListPageOptions): ReadonlyMap<string, number> {
  const indexes = new Map(fields.map((name, index) => [name, index]));
  for (const [alias, name] of Object.entries(aliases)) indexes.set(alias, fields.indexOf(name));
  return indexes;
}

/** A row of `length` undefined values. */
export function emptyRow(length: number): (string | undefined)[] {
  return new Array<string | undefined>(length).fill(undefined);
}
