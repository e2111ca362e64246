import { LedgerError } from '../errors.js';
import { createAttributes } from './attributes.js';
import type { BlockSequence } from './blocks.js';
import { type Churned, churn, type NumberChanges } from './churn.js';
import type { SandboxClock } from './clock.js';
import { createFeatureOrders, type FeatureOrders } from './feature-orders.js';
import { hash } from './hash.js';
import { createInventory, type Inventory } from './inventory.js';
import { createLocations, type LocationState, type SandboxLocations } from './locations.js';
import { aging, inService, type NumberRow, type SandboxNumber } from './number.js';
import { createNumberLookups, type NumberLookupState, type NumberLookups } from './number-events.js';
import { keyOf, textOf } from './number-key.js';
import { createAccountOrders } from './orders/account-orders.js';
import { createLazyOrderBook, type LazyOrderBook } from './orders/book.js';
import type { AssignmentPace, OrderAmounts, SandboxOrders } from './orders/interface.js';
import { type Misbehavior, noMisbehavior } from './orders/misbehavior.js';
import { createPopulation } from './population.js';

/**
 * What an account holds. Tests change it while clients read it over HTTP. `add`, `disconnect` and `churn` change its
 * numbers without an order, like imports and moves between accounts. `place…` and `busyDay` change them through orders.
 */
export interface SandboxAccount extends SandboxOrders, FeatureOrders, NumberChanges, SandboxLocations, NumberLookups {
  /** How many numbers `/tns` lists. */
  readonly count: number;
  /** How many of them `inserviceNumbers` lists. */
  readonly inServiceCount: number;
  /** Every number that `/tns` lists for the account, in the order of that list. */
  numbers(): Iterable<SandboxNumber>;
  /**
   * Like `add`, for specific numbers. They must be in an area code the sandbox supports, 416 (Toronto), 441 (Bermuda)
   * or 787 (Puerto Rico).
   */
  hold(telephoneNumbers: readonly string[]): void;
  /** How its order lists and details deviate from the correct ones. */
  misbehavior: Misbehavior;
  /** Adds, disconnects and changes `count` numbers in total, in a mix that depends on the seed. */
  churn(count: number, seed?: number): Churned;
}

/** The account as the API routes see it. */
export interface AccountState extends SandboxAccount, LocationState, NumberLookupState {
  readonly inventory: Inventory;
  readonly orderBook: LazyOrderBook;
  /** Keys of the numbers that billing records are of: those that the account began with, so that they never change. */
  readonly billedNumbers: Float64Array;
  /** Whether the account has the TN_ASSIGNMENT feature. */
  readonly mayAssign: boolean;
}

export interface AccountOptions {
  id: string;
  numbers: number;
  ordinal: number;
  accounts: number;
  seed: number;
  blocks: BlockSequence;
  until: number;
  years: number;
  clock: SandboxClock;
  amounts: OrderAmounts;
  pace: AssignmentPace;
  mayAssign: boolean;
}

export function createAccount(options: AccountOptions): AccountState {
  const { id, seed, blocks, until, years, clock, mayAssign } = options;
  const population = createPopulation({ ...options, count: options.numbers });
  const attributes = createAttributes({ seed, blocks, until, years });
  const inventory = createInventory({ seed, keys: population.keys, quirks: population.quirks, attributes });
  const orderBook = createLazyOrderBook({ ...options, population, inventory, attributes });
  const orders = createAccountOrders({ id, book: orderBook, inventory, clock });

  function heldKey(telephoneNumber: string): number {
    const key = keyOf(telephoneNumber);
    if (key === undefined || !inventory.has(key)) {
      throw new LedgerError(`Account ${id} of the sandbox has no number ${telephoneNumber}. Nothing was changed.`, {
        hint: 'Use one of the numbers that numbers() returns.',
      });
    }
    return key;
  }

  function addKeys(keys: readonly number[]): void {
    orderBook.applyDueSteps();
    const now = clock.now().getTime();
    inventory.add(keys);
    orderBook.recordArrivals(keys.map(textOf));
    for (const key of keys) {
      inventory.patch(key, { inServiceDate: now, lastModified: now });
      lookups.recordMove(textOf(key), { at: now, status: inService });
    }
  }

  const features = createFeatureOrders({
    seed: hash(seed, options.ordinal),
    count: options.amounts.features ?? 0,
    inventory,
    clock,
    from: options.until - options.years * 365.25 * 86_400_000,
    until: options.until,
  });

  const locations = createLocations({
    seed,
    ordinal: options.ordinal,
    inventory,
    imported: () => orderBook.open().imported,
  });

  const lookups = createNumberLookups({
    seed: hash(seed, options.ordinal),
    inventory,
    orderBook,
    features,
    now: () => clock.now().getTime(),
  });

  const account: AccountState = {
    ...orders,
    ...features,
    ...locations,
    ...lookups,
    id,
    inventory,
    orderBook,
    billedNumbers: population.keys,
    misbehavior: noMisbehavior,
    mayAssign,
    get count() {
      orderBook.applyDueSteps();
      return inventory.count;
    },
    get inServiceCount() {
      orderBook.applyDueSteps();
      return inventory.inServiceCount;
    },
    *numbers() {
      orderBook.applyDueSteps();
      for (const key of inventory.keys) {
        yield sandboxNumber(inventory.row(key));
      }
    },
    add(count) {
      const keys = Array.from({ length: count }, () => population.next());
      addKeys(keys);
      return keys.map(textOf);
    },
    hold(telephoneNumbers) {
      addKeys(
        telephoneNumbers.map((telephoneNumber) => {
          const key = keyOf(telephoneNumber);
          if (key !== undefined && !inventory.has(key)) return key;
          throw new LedgerError(
            `Account ${id} of the sandbox can't add ${telephoneNumber}: it is already on the account, or it isn't a telephone number. Nothing was changed.`,
          );
        }),
      );
    },
    disconnect(telephoneNumbers, disconnectOptions = {}) {
      orderBook.applyDueSteps();
      const keys = telephoneNumbers.map(heldKey);
      const isAging = disconnectOptions.aging === true;
      const lastModified = clock.now().getTime();
      for (const telephoneNumber of telephoneNumbers) {
        orderBook.recordDeparture(telephoneNumber);
        lookups.recordMove(telephoneNumber, { at: lastModified, status: isAging ? aging : undefined });
      }
      if (!isAging) {
        inventory.remove(new Set(keys));
        return;
      }
      for (const key of keys) {
        inventory.patch(key, { status: aging, lastModified });
      }
    },
    change(telephoneNumber, patch) {
      orderBook.applyDueSteps();
      const { lastModified, inServiceDate, ...text } = patch;
      inventory.patch(heldKey(telephoneNumber), {
        ...text,
        ...('inServiceDate' in patch ? { inServiceDate: inServiceDate?.getTime() } : {}),
        lastModified: (lastModified ?? clock.now()).getTime(),
      });
    },
    churn(count, churnSeed = 1) {
      orderBook.applyDueSteps();
      return churn(account, { count, seed: churnSeed });
    },
  };
  return account;
}

/** A number as tests see it. */
export function sandboxNumber(row: NumberRow): SandboxNumber {
  return {
    telephoneNumber: textOf(row.key),
    status: row.status,
    city: row.city,
    state: row.state,
    rateCenter: row.rateCenter,
    lata: row.lata,
    tier: row.tier,
    vendorId: row.vendorId,
    vendorName: row.vendorName,
    lastModified: new Date(row.lastModified),
    inServiceDate: row.inServiceDate === undefined ? undefined : new Date(row.inServiceDate),
    listedInService: row.status === inService,
    ...(row.country === undefined ? {} : { country: row.country }),
    ...(row.tnType === undefined ? {} : { tnType: row.tnType }),
  };
}
