import { readdirSync } from 'node:fs';
import type { Description, HistoryEffect, NumberListDescription, OrderDescription } from './resource.js';

const folder = new URL('./resources/', import.meta.url);

/** Properties that must be unique among descriptions. */
const unique: Readonly<Record<string, (description: Description) => string | number>> = {
  place: ({ place }) => place,
  name: ({ name }) => name,
  path: ({ list }) => list.path('1'),
};

/** Every resource in `resources/`, in the order of the nightly run. Files are discovered: no list needs an entry. */
export const descriptions: readonly Description[] = inOrder(
  await Promise.all(
    readdirSync(folder)
      .filter((file) => file.endsWith('.js'))
      .map(async (file) => ({ file, exported: await import(new URL(file, folder).href) })),
  ),
);

/** Descriptions of orders. */
export const orderDescriptions: readonly OrderDescription[] = descriptions.filter(
  (description) => description.type === 'orders',
);

/** Descriptions of lists read by date windows. */
export const windowDescriptions: readonly (NumberListDescription | OrderDescription)[] = descriptions.filter(
  (description) => description.type === 'numbers' || description.type === 'orders',
);

/** Descriptions of lists that say which numbers the account has or how they are marked: the nightly run reads them first. */
export const coreDescriptions = windowDescriptions.filter(
  (each) => each.type === 'numbers' || each.history !== undefined,
);

/** Descriptions of what can wait for the next run: the other lists read by date windows, and what all accounts share. */
export const otherDescriptions: readonly Description[] = descriptions.filter((each) =>
  each.type === 'numbers' || each.type === 'orders' ? !coreDescriptions.includes(each) : each.type === 'reference',
);

/** Descriptions of orders that move or mark numbers: once for each effect. */
export const historyDescriptions = orderDescriptions.flatMap((orders) =>
  effectsOf(orders).map((history) => ({ ...orders, history })),
);

/** What orders of a kind do to the histories of their numbers. */
export function effectsOf({ history = [] }: OrderDescription): HistoryEffect[] {
  return [history].flat();
}

/**
 * The exported descriptions of files, sorted by `place`.
 *
 * @throws {TypeError} naming the file, if it doesn't export exactly one description, or shares a unique property with
 * another
 */
export function inOrder(files: readonly { file: string; exported: object }[]): Description[] {
  const all = files.map(({ file, exported }) => {
    const found = Object.values(exported).filter(isDescription);
    const [description] = found;
    if (description === undefined || found.length > 1) {
      throw new TypeError(`${file} exports ${found.length} resource descriptions: it must export exactly one.`);
    }
    return { file, description };
  });
  for (const [property, claimed] of Object.entries(unique)) {
    const seen = new Map<unknown, string>();
    for (const { file, description } of all) {
      const value = claimed(description);
      const other = seen.get(value);
      if (other !== undefined)
        throw new TypeError(`${file} and ${other} have the same ${property}, ${value}: change one.`);
      seen.set(value, file);
    }
  }
  return all.map(({ description }) => description).toSorted((a, b) => a.place - b.place);
}

function isDescription(value: unknown): value is Description {
  const { type, place } = Object(value) as Partial<Description>;
  return ['snapshot', 'reference', 'numbers', 'orders'].includes(type ?? '') && Number.isFinite(place);
}
