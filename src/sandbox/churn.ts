import { LedgerError } from '../errors.js';
import type { AccountState } from './account.js';
import { hash, randomBelow } from './hash.js';
import type { NumberPatch, NumberRow } from './number.js';
import { isNanp, isTollFree, textOf } from './number-key.js';
import { places } from './places.js';

/** What a churn did; no number is in two of the lists. */
export interface Churned {
  added: string[];
  disconnected: string[];
  changed: string[];
}

const saltChurn = 51;

/**
 * Changes an account the way a busy day does: of `count` numbers three in ten are new, three in ten disconnected
 * (every other one stays in `/tns` as Aging), and the rest changed. The same seed on the same numbers does the same.
 */
export function churn(account: AccountState, options: { count: number; seed: number }): Churned {
  const { count, seed } = options;
  const addCount = Math.floor(count * 0.3);
  const disconnectCount = Math.floor(count * 0.3);
  const changeCount = count - addCount - disconnectCount;
  const { inventory } = account;
  if (disconnectCount + changeCount > inventory.inServiceCount) {
    throw new LedgerError(
      `Account ${account.id} of the sandbox has ${inventory.inServiceCount} numbers in service, too few to churn ${count}; nothing was changed.`,
    );
  }
  const random = randomBelow(hash(saltChurn, seed));
  const picked = pickInService(account, disconnectCount + changeCount, random);
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

function pickInService({ inventory }: AccountState, count: number, random: (bound: number) => number): number[] {
  const picked = new Set<number>();
  while (picked.size < count) {
    picked.add(inventory.inServiceKeyAt(random(inventory.inServiceCount)));
  }
  return [...picked];
}

/** A change that shows in at least one column besides LastModified. */
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
