import { truncateToForm } from './dates.js';
import { hash } from './hash.js';
import { inService, type NumberRow, type Quirk } from './number.js';

const saltListing = 41;
const positionBits = 2 ** 31;
const hashBits = 10;

/** The numbers of an account as keys, the quirks of some of them, and the two orders in which the API lists them. */
export interface Inventory {
  readonly count: number;
  /** How many numbers are in service. */
  readonly inServiceCount: number;
  /** Changes with every modification. Anything computed for another version is outdated. */
  readonly version: number;
  has(key: number): boolean;
  /** All numbers in ascending order. A modification replaces the array, so an array already returned never changes. */
  readonly keys: Float64Array;
  row(key: number): NumberRow;
  quirkOf(key: number): Quirk | undefined;
  /** Position of the first number at or after a key, in the ascending order of `/tns`. */
  positionFrom(key: number): number;
  /** The nth number in the order of `inserviceNumbers`, which looks random to a client. */
  inServiceKeyAt(n: number): number;
  /** Position of a number in that order, or where it would be if it is no longer in service. */
  inServicePositionFrom(key: number): number;
  add(keys: readonly number[]): void;
  remove(keys: ReadonlySet<number>): void;
  patch(key: number, patch: Partial<NumberRow>): void;
}

export interface InventoryOptions {
  seed: number;
  keys: Float64Array;
  quirks: Map<number, Quirk>;
  attributes: (key: number, quirk: Quirk | undefined) => NumberRow;
}

export function createInventory(options: InventoryOptions): Inventory {
  const { quirks, attributes } = options;
  const listingSalt = hash(saltListing, options.seed);
  const patches = new Map<number, Partial<NumberRow>>();
  let keys = options.keys;
  let version = 0;
  let listed: Uint32Array | undefined;

  const rank = (key: number) => hash(listingSalt, key) >>> hashBits;

  function firstAtOrAfter(key: number): number {
    let low = 0;
    let high = keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((keys[middle] as number) < key) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  // Positions of the numbers in service, sorted by a hash of the number (22 bits), then by number. Both are packed into
  // one float64 for sorting: a comparison sort of a million numbers would take seconds.
  function inServiceOrder(): Uint32Array {
    if (listed === undefined) {
      const packed = new Float64Array(keys.length);
      let size = 0;
      for (let position = 0; position < keys.length; position++) {
        const key = keys[position] as number;
        const status = patches.get(key)?.status ?? (quirks.get(key) === 'aging' ? undefined : inService);
        if (status === inService) {
          packed[size++] = rank(key) * positionBits + position;
        }
      }
      const sorted = packed.subarray(0, size).sort();
      listed = Uint32Array.from(sorted, (value) => value % positionBits);
    }
    return listed;
  }

  function changed(): void {
    version++;
    listed = undefined;
  }

  return {
    get count() {
      return keys.length;
    },
    get inServiceCount() {
      return inServiceOrder().length;
    },
    get version() {
      return version;
    },
    has(key) {
      return keys[firstAtOrAfter(key)] === key;
    },
    get keys() {
      return keys;
    },
    row(key) {
      const row = attributes(key, quirks.get(key));
      const patch = patches.get(key);
      if (patch !== undefined) {
        Object.assign(row, patch);
      }
      if (row.dateForm !== undefined) {
        row.lastModified = truncateToForm(row.dateForm, row.lastModified);
      }
      return row;
    },
    quirkOf: (key) => quirks.get(key),
    positionFrom: firstAtOrAfter,
    inServiceKeyAt(n) {
      return keys[inServiceOrder()[n] as number] as number;
    },
    inServicePositionFrom(key) {
      const order = inServiceOrder();
      const wanted = rank(key);
      let low = 0;
      let high = order.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        const other = keys[order[middle] as number] as number;
        const otherRank = rank(other);
        if (otherRank < wanted || (otherRank === wanted && other < key)) {
          low = middle + 1;
        } else {
          high = middle;
        }
      }
      return low;
    },
    add(added) {
      const merged = new Float64Array(keys.length + added.length);
      merged.set(keys);
      merged.set(added, keys.length);
      keys = merged.sort();
      changed();
    },
    remove(removed) {
      keys = keys.filter((key) => !removed.has(key));
      for (const key of removed) {
        quirks.delete(key);
        patches.delete(key);
      }
      changed();
    },
    patch(key, patch) {
      patches.set(key, { ...patches.get(key), ...patch });
      if ('status' in patch) {
        changed();
      } else {
        version++;
      }
    },
  };
}
