import type { AccountState } from './account.js';
import { inService } from './number.js';
import type { Oddities } from './oddities.js';
import type { SandboxState } from './state.js';

// Those of in-account come first: the list of numbers in service begins after them.
const kindsInService = [
  'in-account',
  'foreign-details',
  'foreign-rows',
  'refused-details',
  'silent-details',
  'aging-details',
] as const;
const kinds = [...kindsInService, 'unlisted-others'] as const;

/** What is odd about a number in the answers of `/tns`. */
export type NumberOddity = (typeof kinds)[number];

interface Chosen {
  oddities: Oddities;
  version: number;
  numbers: ReadonlyMap<number, NumberOddity>;
}

const none: ReadonlyMap<number, NumberOddity> = new Map();
const lastChosen = new WeakMap<AccountState, Chosen>();

/**
 * The account's numbers that the oddities of `/tns` apply to, by key: as many as each asks for, as long as there are some. Those
 * in service are taken in the order of the in-service list, one kind after the other, so that the seed alone decides which.
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

/** Where the list of numbers in service begins, in the inventory's order of them: the oddity in-account takes the first ones. */
export function firstInService({ oddities }: SandboxState, { inventory }: AccountState): number {
  return Math.min(oddities['in-account'] ?? 0, inventory.inServiceCount);
}
