import { fraction, hash } from './hash.js';
import { otherPlaces, type Place, places } from './places.js';

/** The thousands-blocks of a seed, in the order in which accounts get numbers from them. */
export interface BlockSequence {
  /** First number of the nth block. */
  blockAt(n: number): number;
  /** Location of a NANP number. Most blocks have one rate center, a few have two. */
  placeOf(telephoneNumber: number): Place;
}

const saltOrder = 11;
const saltDigit = 12;
const saltSecond = 13;
const blocksWithTwoRateCenters = 1 / 40;

// Service, directory assistance, plant test and time codes, which are never assigned as central office codes.
const unusable = new Set([555, 950, 958, 959, 976]);
const officeCodes = Array.from({ length: 800 }, (_, i) => i + 200).filter(
  (nxx) => nxx % 100 !== 11 && !unusable.has(nxx),
);

interface Area {
  members: Place[];
  codes: Set<number>;
}

const areas = new Map<number, Area>();
for (const place of places) {
  const area = areas.get(place.npa) ?? { members: [], codes: new Set() };
  area.members.push(place);
  area.codes.add(place.nxx);
  areas.set(place.npa, area);
}

/** Central office codes of each place: its own first, then a share of its NPA's codes that no other place uses. */
const codesOfPlace = places.map((place) => {
  const area = areas.get(place.npa) as Area;
  const share = officeCodes.filter((nxx, i) => !area.codes.has(nxx) && area.members[i % area.members.length] === place);
  return [place.nxx, ...share];
});
const placeOfCode = new Map<number, Place>();
for (const [i, place] of places.entries()) {
  for (const nxx of codesOfPlace[i] as number[]) {
    placeOfCode.set(place.npa * 1000 + nxx, place);
  }
}
const rounds = Math.min(...codesOfPlace.map((codes) => codes.length)) * 10;

/** Number of blocks in a sequence. */
export const blockCount = rounds * places.length;

export function createBlockSequence(seed: number): BlockSequence {
  const orderSalt = hash(saltOrder, seed);
  const digitSalt = hash(saltDigit, seed);
  const secondSalt = hash(saltSecond, seed);
  const order = places.map((_, i) => i).sort((a, b) => hash(orderSalt, a) - hash(orderSalt, b));
  let cachedBlock = -1;
  let cachedPlaces: { main: Place; second: Place | undefined } | undefined;

  function placesOf(block: number): { main: Place; second: Place | undefined } {
    if (block !== cachedBlock || cachedPlaces === undefined) {
      const code = Math.floor(block / 10);
      const main = placeOfCode.get(code) ?? otherPlaces.get(Math.floor(code / 1000));
      if (main === undefined) {
        throw new RangeError(`The sandbox has no place for the code ${code}.`);
      }
      const neighbours = (areas.get(main.npa)?.members ?? []).filter((other) => other !== main);
      const split = fraction(hash(secondSalt, block)) < blocksWithTwoRateCenters;
      cachedBlock = block;
      cachedPlaces = { main, second: split ? neighbours[0] : undefined };
    }
    return cachedPlaces;
  }

  return {
    blockAt(n) {
      const round = Math.floor(n / places.length);
      if (round >= rounds) {
        throw new RangeError(`The sandbox has ${blockCount} thousands-blocks, and all are in use.`);
      }
      const placeIndex = order[n % places.length] as number;
      const place = places[placeIndex] as Place;
      const nxx = (codesOfPlace[placeIndex] as number[])[Math.floor(round / 10)] as number;
      const code = place.npa * 1000 + nxx;
      const digit = (round + (hash(digitSalt, code) % 10)) % 10;
      return code * 10_000 + digit * 1000;
    },
    placeOf(telephoneNumber) {
      const { main, second } = placesOf(Math.floor(telephoneNumber / 1000));
      return second !== undefined && hash(secondSalt, telephoneNumber) % 8 === 0 ? second : main;
    },
  };
}
