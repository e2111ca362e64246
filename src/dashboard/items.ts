import type { Item } from './list-page.js';
import type { ListResource } from './resource.js';

/** The items of a response, grouped by whether they can be used. */
export interface SortedItems {
  items: Item[];
  /** Items without a key, which can't be stored; not in `items`. */
  withoutKey: Item[];
  /** Items of another account than the requested one; not in `items`. */
  foreign: Item[];
}

export function sortItems(items: Item[], resource: ListResource, account: string): SortedItems {
  const key = resource.fields.indexOf(resource.key);
  const owner = resource.ownAccountField === undefined ? -1 : resource.fields.indexOf(resource.ownAccountField);
  const sorted: SortedItems = { items: [], withoutKey: [], foreign: [] };
  for (const item of items) {
    const named = item.values[owner];
    if (!item.values[key]) {
      sorted.withoutKey.push(item);
    } else if (named && named !== account) {
      sorted.foreign.push(item);
    } else {
      sorted.items.push(item);
    }
  }
  return sorted;
}

/** Parses a count; undefined if the text isn't one. */
export function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
