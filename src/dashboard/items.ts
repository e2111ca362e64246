import type { Item } from './list-page.js';
import type { ListResource } from './resources.js';

/** The items of an answer, sorted by whether they can be used. */
export interface SortedItems {
  items: Item[];
  /** Items without a key, which no table can hold; none of them is in `items`. */
  withoutKey: Item[];
  /** Items that name another account than the one asked for; none of them is in `items`. */
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

/** A count as the API writes it; undefined for what is none. */
export function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
