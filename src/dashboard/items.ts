import type { Item } from './list-page.js';
import type { ListResource } from './resources.js';

/** The items of an answer, sorted by whether they can be used. */
export interface SortedItems {
  items: Item[];
  /** Items without a key, which no table can hold; none of them is in `items`. */
  withoutKey: Item[];
  /** How many rows of other accounts were left out. */
  foreign: number;
}

export function sortItems(items: Item[], resource: ListResource, account: string): SortedItems {
  const key = resource.fields.indexOf(resource.key);
  const owner = resource.ownAccountField === undefined ? -1 : resource.fields.indexOf(resource.ownAccountField);
  const sorted: SortedItems = { items: [], withoutKey: [], foreign: 0 };
  for (const item of items) {
    const named = item.values[owner];
    if (named !== undefined && named !== account) {
      sorted.foreign += 1;
    } else if (item.values[key]) {
      sorted.items.push(item);
    } else {
      sorted.withoutKey.push(item);
    }
  }
  return sorted;
}

/** A count as the API writes it; undefined for what is none. */
export function parseCount(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
