import type { BlockSequence } from './blocks.js';
import { fraction, hash } from './hash.js';
import type { Quirk } from './number.js';
import { e164Key } from './number-key.js';
import { countries, tollFreeNpas } from './places.js';

const saltFill = 31;
const saltHeld = 32;
const saltUnused = 33;

/** Accounts of at least this size include awkward numbers. */
const awkwardFrom = 200;
const awkwardShare = 0.005;
const quirks: readonly Quirk[] = ['aging', 'special-text', 'padded', 'odd-date', 'no-in-service-date'];
const awkwardKinds = quirks.length + 2;

export interface PopulationOptions {
  seed: number;
  blocks: BlockSequence;
  /** How many numbers the account starts with. */
  count: number;
  /** Index of the account. Accounts take blocks in turn, so no number is on two accounts. */
  ordinal: number;
  accounts: number;
}

export interface Population {
  /** The initial numbers of the account, as keys in ascending order. */
  keys: Float64Array;
  quirks: Map<number, Quirk>;
  /** The key of the next number that the account has never had. */
  next(): number;
  /** Numbers of the same blocks that `next` never returns, for orders that name past or future numbers. */
  unusedNumbers(): () => number;
}

/** Chooses the numbers of an account: a few thousands-blocks for a small account, each partly filled. */
export function createPopulation(options: PopulationOptions): Population {
  const { count } = options;
  const perKind = count < awkwardFrom ? 0 : Math.max(1, Math.round((count * awkwardShare) / awkwardKinds));
  const next = geographicKeys(options, (share, fill) => share < fill);
  const keys = new Float64Array(count);
  let filled = 0;
  for (let i = 0; i < perKind; i++) {
    const n = options.ordinal + i * options.accounts;
    keys[filled++] = tollFreeKey(n);
    keys[filled++] = foreignKey(n);
  }
  const geographicFrom = filled;
  while (filled < count) {
    keys[filled++] = next();
  }
  const quirkOf = new Map<number, Quirk>();
  const awkward = perKind * quirks.length;
  const step = (count - geographicFrom) / awkward;
  for (let i = 0; i < awkward; i++) {
    quirkOf.set(keys[geographicFrom + Math.floor((i + 0.5) * step)] as number, quirks[i % quirks.length] as Quirk);
  }
  keys.sort();
  const unusedNumbers = () => {
    const unusedSalt = hash(saltUnused, options.seed);
    return geographicKeys(options, (share, fill, key) => share >= fill && hash(unusedSalt, key) % 3 === 0);
  };
  return { keys, quirks: quirkOf, next, unusedNumbers };
}

/**
 * Goes through the account's blocks and returns the selected keys, based on a pseudorandom share per number and the
 * fill of the block.
 */
function geographicKeys(
  { seed, blocks, count, ordinal, accounts }: PopulationOptions,
  wanted: (share: number, fill: number, key: number) => boolean,
): () => number {
  const fillSalt = hash(saltFill, seed);
  const heldSalt = hash(saltHeld, seed);
  const baseFill = Math.min(650, Math.max(5, 2 * Math.sqrt(count))) / 1000;
  let turn = 0;
  let block = 0;
  let fill = 0;
  let line = 1000;
  return () => {
    for (;;) {
      if (line === 1000) {
        block = blocks.blockAt(ordinal + accounts * turn++);
        fill = Math.min(0.95, baseFill * (0.5 + fraction(hash(fillSalt, block))));
        line = 0;
      }
      const key = block + line++;
      if (wanted(fraction(hash(heldSalt, key)), fill, key)) {
        return key;
      }
    }
  };
}

// Multiplying by a prime scatters consecutive ordinals over the number range without collisions.
const scatter = 7919;

function tollFreeKey(n: number): number {
  const npa = tollFreeNpas[n % tollFreeNpas.length] as number;
  const turn = Math.floor(n / tollFreeNpas.length);
  const officeCode = 320 + (Math.floor(turn / 10_000) % 80);
  return npa * 1e7 + officeCode * 1e4 + ((turn * scatter) % 10_000);
}

function foreignKey(n: number): number {
  const { prefix, digits } = countries[n % countries.length] as (typeof countries)[number];
  const size = 10 ** digits;
  const turn = Math.floor(n / countries.length);
  if (turn >= size) {
    throw new RangeError(`The sandbox has ${size} numbers that begin with +${prefix}, and all are in use.`);
  }
  return e164Key(prefix * size + ((turn * scatter) % size));
}
