import type { Inventory } from '../inventory.js';
import { aging, inService } from '../number.js';

/**
 * What orders do to the numbers of an account. Changes are gathered and made in one go: the inventory is an array, and a
 * day of a thousand orders would copy it a thousand times.
 */
export interface Holdings {
  /** The status of a number with all gathered changes; undefined if the account doesn't hold it. */
  statusOf(key: number): string | undefined;
  bringIn(key: number, at: number): void;
  age(key: number, at: number): void;
  takeOut(key: number): void;
  /** Makes the gathered changes. */
  commit(): void;
}

interface Change {
  status: string | undefined;
  at: number;
}

export function createHoldings(inventory: Inventory): Holdings {
  const changes = new Map<number, Change>();
  return {
    statusOf(key) {
      const change = changes.get(key);
      if (change !== undefined) {
        return change.status;
      }
      return inventory.has(key) ? inventory.row(key).status : undefined;
    },
    bringIn: (key, at) => void changes.set(key, { status: inService, at }),
    age: (key, at) => void changes.set(key, { status: aging, at }),
    takeOut: (key) => void changes.set(key, { status: undefined, at: 0 }),
    commit() {
      if (changes.size === 0) {
        return;
      }
      const gone = new Set([...changes].flatMap(([key, { status }]) => (status === undefined ? [key] : [])));
      const added = [...changes].flatMap(([key, { status }]) =>
        status !== undefined && !inventory.has(key) ? [key] : [],
      );
      if (gone.size > 0) {
        inventory.remove(gone);
      }
      if (added.length > 0) {
        inventory.add(added);
      }
      for (const [key, { status, at }] of changes) {
        if (status === inService) {
          inventory.patch(key, { status, inServiceDate: at, lastModified: at });
        } else if (status !== undefined) {
          inventory.patch(key, { status, lastModified: at });
        }
      }
      changes.clear();
    },
  };
}
