import { LedgerError } from '../errors.js';
import { createAttributes } from './attributes.js';
import type { BlockSequence } from './blocks.js';
import { type Churned, churn } from './churn.js';
import type { SandboxClock } from './clock.js';
import { createInventory, type Inventory } from './inventory.js';
import { aging, inService, type NumberPatch, type NumberRow, type SandboxNumber } from './number.js';
import { keyOf, textOf } from './number-key.js';
import { createAccountOrders } from './orders/account-orders.js';
import { createLazyOrderBook, type LazyOrderBook } from './orders/book.js';
import type { AssignmentPace, OrderAmounts, SandboxOrders } from './orders/interface.js';
import { createMisbehaviour, type Misbehaviour } from './orders/misbehaviour.js';
import { createPopulation } from './population.js';

/**
 * What an account holds; tests change it while clients read it over HTTP. `add`, `disconnect` and `churn` change its
 * numbers without an order, as imports and moves between accounts do; `place…` and `night` by orders.
 */
export interface SandboxAccount extends SandboxOrders {
  readonly id: string;
  /** How many numbers `/tns` names. */
  readonly count: number;
  /** How many of them `inserviceNumbers` names. */
  readonly inServiceCount: number;
  /** Every number that `/tns` names for the account, in the order of that listing. */
  numbers(): Iterable<SandboxNumber>;
  /** Puts numbers that the account never had before in service, dated by the clock; which ones follows from the seed. */
  add(count: number): string[];
  /** The same for numbers that are named: of an area code that the sandbox has, 416 (Toronto), 441 (Bermuda) or 787 (Puerto Rico). */
  hold(telephoneNumbers: readonly string[]): void;
  /** Takes numbers out of service: with `aging`, `/tns` still names them, as Aging; without, nothing does. */
  disconnect(telephoneNumbers: readonly string[], options?: { aging?: boolean }): void;
  change(telephoneNumber: string, patch: NumberPatch): void;
  /** Adds, disconnects and changes `count` numbers in all, a mix that follows from the seed. */
  churn(count: number, seed?: number): Churned;
}

/** The account as the API's routes see it. */
export interface AccountState extends SandboxAccount {
  readonly inventory: Inventory;
  readonly orderBook: LazyOrderBook;
  readonly misbehaviour: Misbehaviour;
  /** Whether it has the feature TN_ASSIGNMENT. */
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
  const misbehaviour = createMisbehaviour();
  const orders = createAccountOrders({ id, book: orderBook, inventory, clock, misbehaviour });

  function heldKey(telephoneNumber: string): number {
    const key = keyOf(telephoneNumber);
    if (key === undefined || !inventory.has(key)) {
      throw new LedgerError(`Account ${id} of the sandbox has no number ${telephoneNumber}; nothing was changed.`, {
        hint: 'Take one of those that numbers() names.',
      });
    }
    return key;
  }

  function arrive(keys: readonly number[]): void {
    orderBook.settle();
    const now = clock.now().getTime();
    inventory.add(keys);
    orderBook.arrive(keys.map(textOf));
    for (const key of keys) {
      inventory.patch(key, { inServiceDate: now, lastModified: now });
    }
  }

  const account: AccountState = {
    ...orders,
    id,
    inventory,
    orderBook,
    misbehaviour,
    mayAssign,
    get count() {
      orderBook.settle();
      return inventory.count;
    },
    get inServiceCount() {
      orderBook.settle();
      return inventory.inServiceCount;
    },
    *numbers() {
      orderBook.settle();
      for (const key of inventory.keys) {
        yield sandboxNumber(inventory.row(key));
      }
    },
    add(count) {
      const keys = Array.from({ length: count }, () => population.next());
      arrive(keys);
      return keys.map(textOf);
    },
    hold(telephoneNumbers) {
      arrive(
        telephoneNumbers.map((telephoneNumber) => {
          const key = keyOf(telephoneNumber);
          if (key !== undefined && !inventory.has(key)) return key;
          throw new LedgerError(
            `Account ${id} of the sandbox can't hold ${telephoneNumber}: it does already, or it is not a number. Nothing was changed.`,
          );
        }),
      );
    },
    disconnect(telephoneNumbers, disconnectOptions = {}) {
      orderBook.settle();
      const keys = telephoneNumbers.map(heldKey);
      for (const telephoneNumber of telephoneNumbers) {
        orderBook.depart(telephoneNumber);
      }
      if (disconnectOptions.aging !== true) {
        inventory.remove(new Set(keys));
        return;
      }
      const lastModified = clock.now().getTime();
      for (const key of keys) {
        inventory.patch(key, { status: aging, lastModified });
      }
    },
    change(telephoneNumber, patch) {
      orderBook.settle();
      const { lastModified, inServiceDate, ...text } = patch;
      inventory.patch(heldKey(telephoneNumber), {
        ...text,
        ...('inServiceDate' in patch ? { inServiceDate: inServiceDate?.getTime() } : {}),
        lastModified: (lastModified ?? clock.now()).getTime(),
      });
    },
    churn(count, churnSeed = 1) {
      orderBook.settle();
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
