import type { AccountState } from './account.js';
import { inService } from './number.js';
import type { Oddities } from './oddities.js';
import type { SandboxState } from './state.js';

// in-account comes first: the list of numbers in service begins after its numbers.
const kindsInService = [
  'in-account',
  'foreign-details',
  'foreign-rows',
  'refused-details',
  'silent-details',
  'aging-details',
] as const;
const kinds = [...kindsInService, 'unlisted-others'] as const;

/** How the `/tns` responses for a number are unusual. */
export type NumberOddity = (typeof kinds)[number];

interface Chosen {
  oddities: Oddities;
  version: number;
  numbers: ReadonlyMap<number, NumberOddity>;
}

const none: ReadonlyMap<number, NumberOddity> = new Map();
const lastChosen = new WeakMap<AccountState, Chosen>();

/**
 * The numbers of the account that the `/tns` oddities apply to, by key: as many as each oddity asks for, while numbers
 * last. Numbers in service are taken in the order of the in-service list, one kind after the other, so the seed alone
 * determines which ones.
 */
export function oddNumbersOf({ oddities }: SandboxState, account: AccountState): ReadonlyMap<number, NumberOddity> {
  if (kinds.every((kind) => !oddities[kind])) {
    return none;
  }
  const { inventory } = account;
  const last = lastChosen.get(account);
  if (last?.oddities === oddities && last.version === inventory.version) {
    return last.numbers;
  }
  const numbers = new Map<number, NumberOddity>();
  let end = 0;
  for (const kind of kindsInService) {
    const start = end;
    end = Math.min(start + (oddities[kind] ?? 0), inventory.inServiceCount);
    for (let n = start; n < end; n++) {
      numbers.set(inventory.inServiceKeyAt(n), kind);
    }
  }
  const others = oddities['unlisted-others']
    ? [...inventory.keys].filter((key) => inventory.row(key).status !== inService)
    : [];
  for (const key of others.slice(0, oddities['unlisted-others'])) {
    numbers.set(key, 'unlisted-others');
  }
  lastChosen.set(account, { oddities, version: inventory.version, numbers });
  return numbers;
}

/**
 * Where the list of numbers in service begins in the inventory's order: the in-account oddity takes the first numbers.
 */
export function firstInService({ oddities }: SandboxState, { inventory }: AccountState): number {
  return Math.min(oddities['in-account'] ?? 0, inventory.inServiceCount);
}
