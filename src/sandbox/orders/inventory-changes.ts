import type { Inventory } from '../inventory.js';
import { aging, inService } from '../number.js';

/**
 * The effect of orders on the numbers of an account. Changes are collected and applied together: the inventory is an
 * array, and a day of a thousand orders would copy it a thousand times.
 */
export interface InventoryChanges {
  /** The status of a number including collected changes; undefined if the number is not on the account. */
  statusOf(key: number): string | undefined;
  add(key: number, at: number): void;
  age(key: number, at: number): void;
  remove(key: number): void;
  /** Applies the collected changes. */
  commit(): void;
}

interface Change {
  status: string | undefined;
  at: number;
}

export function createInventoryChanges(inventory: Inventory): InventoryChanges {
  const changes = new Map<number, Change>();
  return {
    statusOf(key) {
      const change = changes.get(key);
      if (change !== undefined) {
        return change.status;
      }
      return inventory.has(key) ? inventory.row(key).status : undefined;
    },
    add: (key, at) => void changes.set(key, { status: inService, at }),
    age: (key, at) => void changes.set(key, { status: aging, at }),
    remove: (key) => void changes.set(key, { status: undefined, at: 0 }),
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
