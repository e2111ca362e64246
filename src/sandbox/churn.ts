import { LedgerError } from '../errors.js';
import { hash, randomBelow } from './hash.js';
import type { Inventory } from './inventory.js';
import type { NumberPatch, NumberRow } from './number.js';
import { isNanp, isTollFree, textOf } from './number-key.js';
import { places } from './places.js';

/** The result of a churn. No number is in two of the lists. */
export interface Churned {
  added: string[];
  disconnected: string[];
  changed: string[];
}

/** Changes to the numbers of an account that no order causes. */
export interface NumberChanges {
  readonly id: string;
  /**
   * Adds numbers that the account never had, in service as of the current clock time. The seed determines which ones.
   */
  add(count: number): string[];
  /** Takes numbers out of service. With `aging`, `/tns` still lists them, as Aging; otherwise no resource does. */
  disconnect(telephoneNumbers: readonly string[], options?: { aging?: boolean }): void;
  change(telephoneNumber: string, patch: NumberPatch): void;
}

const saltChurn = 51;

/**
 * Changes an account the way a busy day does. Of `count` numbers, 30% are new, 30% are disconnected (every other one
 * stays in `/tns` as Aging), and the rest are changed. The same seed on the same numbers gives the same result.
 */
export function churn(
  account: NumberChanges & { readonly inventory: Inventory },
  options: { count: number; seed: number },
): Churned {
  const { count, seed } = options;
  const addCount = Math.floor(count * 0.3);
  const disconnectCount = Math.floor(count * 0.3);
  const changeCount = count - addCount - disconnectCount;
  const { inventory } = account;
  if (disconnectCount + changeCount > inventory.inServiceCount) {
    throw new LedgerError(
      `Account ${account.id} of the sandbox has ${inventory.inServiceCount} numbers in service, too few to churn ${count}. Nothing was changed.`,
    );
  }
  const random = randomBelow(hash(saltChurn, seed));
  const picked = pickInService(inventory, disconnectCount + changeCount, random);
  const disconnected = picked.slice(0, disconnectCount);
  const changed = picked.slice(disconnectCount);
  for (const key of changed) {
    account.change(textOf(key), patchFor(inventory.row(key), random));
  }
  const half = Math.ceil(disconnected.length / 2);
  account.disconnect(disconnected.slice(0, half).map(textOf), { aging: true });
  account.disconnect(disconnected.slice(half).map(textOf));
  const added = account.add(addCount);
  return { added, disconnected: disconnected.map(textOf), changed: changed.map(textOf) };
}

function pickInService(inventory: Inventory, count: number, random: (bound: number) => number): number[] {
  const picked = new Set<number>();
  while (picked.size < count) {
    picked.add(inventory.inServiceKeyAt(random(inventory.inServiceCount)));
  }
  return [...picked];
}

/** A change that is visible in at least one column other than LastModified. */
function patchFor(row: NumberRow, random: (bound: number) => number): NumberPatch {
  const geographic = isNanp(row.key) && !isTollFree(row.key);
  const kind = random(3);
  if (kind === 0 && geographic) {
    const others = places.filter((place) => place.rateCenter !== row.rateCenter);
    const { city, state, rateCenter, lata } = others[random(others.length)] as (typeof places)[number];
    return { city, state, rateCenter, lata };
  }
  if (kind === 1) {
    return row.vendorId === '49'
      ? { vendorId: '57', vendorName: 'Peerless Network' }
      : { vendorId: '49', vendorName: 'Bandwidth CLEC' };
  }
  return { tier: row.tier === '5' ? '0' : String(Number(row.tier ?? 0) + 1) };
}
