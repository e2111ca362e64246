import { LedgerError } from '../errors.js';
import { hash } from './hash.js';
import type { Inventory } from './inventory.js';
import { keyOf, textOf } from './number-key.js';

/** A location (SIP peer) of a sub-account. */
export interface SandboxLocation {
  sipPeerId: string;
  name: string;
  description: string | undefined;
  isDefault: boolean;
  /** Its numbers, ascending by key, as the API lists them. */
  numbers: string[];
}

/** A sub-account (site). */
export interface SandboxSite {
  siteId: string;
  name: string;
  description: string | undefined;
  locations: SandboxLocation[];
}

/** The sub-accounts and locations of one account. */
export interface SandboxLocations {
  /** The sub-accounts, and the numbers that are there now. The second location is empty, and the third sub-account has none. */
  sites(): SandboxSite[];
  /** Moves numbers to a location, or with undefined to none. */
  moveNumbers(telephoneNumbers: readonly string[], sipPeerId: string | undefined): void;
  /** Removes a location; its numbers are at none after that. */
  removeLocation(sipPeerId: string): void;
  /** Moves a location, with its numbers, to another sub-account. */
  moveLocation(sipPeerId: string, siteId: string): void;
  /** Attributes of a number (`TnAttribute`), in the order of the API. */
  attributesOf(telephoneNumber: string): string[];
  /** Replaces the attributes that follow from the number's import orders. */
  setAttributes(telephoneNumber: string, attributes: readonly string[]): void;
}

/** The same as the API routes see it. */
export interface LocationState extends SandboxLocations {
  /** Keys of the numbers at a location, ascending; undefined if there is no such location in the sub-account. */
  keysAt(siteId: string, sipPeerId: string): readonly number[] | undefined;
}

type Place = Omit<SandboxLocation, 'numbers'>;

export interface LocationsOptions {
  seed: number;
  /** Position of the account. IDs differ between accounts. */
  ordinal: number;
  inventory: Inventory;
  /** Numbers that an import order brought. */
  imported(): ReadonlySet<string>;
}

const salt = 251;
const saltAttributes = 252;

export function createLocations({ seed, ordinal, inventory, imported }: LocationsOptions): LocationState {
  const idOf = (base: number, n: number) => String(base + ordinal * 10 + n);
  const place = (n: number, name: string, isDefault: boolean, description?: string): Place => {
    return { sipPeerId: idOf(500_000, n), name, isDefault, description };
  };
  const sites: (Omit<SandboxSite, 'locations'> & { places: Place[] })[] = [
    {
      siteId: idOf(3000, 1),
      name: 'Raleigh',
      description: 'Head office & lab',
      places: [place(1, 'Main', true, 'Trunk of the head office'), place(2, 'Spare', false)],
    },
    {
      siteId: idOf(3000, 2),
      name: 'Denver',
      description: undefined,
      places: [place(3, 'Denver', true), place(4, 'Messaging', false, 'Numbers of other carriers, for messages')],
    },
    { siteId: idOf(3000, 3), name: 'Closed', description: 'Has no locations', places: [] },
  ];
  const moved = new Map<number, string | undefined>();
  const attributes = new Map<number, readonly string[]>();
  let version = 0;
  let counted: { inventory: number; version: number; keys: Map<string, number[]> } | undefined;

  /** Six numbers in ten are at the first location, three at the third, one at the fourth. */
  function placeOf(key: number): string | undefined {
    if (moved.has(key)) return moved.get(key);
    const tenth = hash(salt + seed, key) % 10;
    return idOf(500_000, tenth < 6 ? 1 : tenth < 9 ? 3 : 4);
  }

  function keysByPlace(): Map<string, number[]> {
    if (counted?.inventory === inventory.version && counted.version === version) return counted.keys;
    const keys = new Map(sites.flatMap(({ places }) => places).map(({ sipPeerId }) => [sipPeerId, [] as number[]]));
    for (let n = 0; n < inventory.inServiceCount; n += 1) {
      const key = inventory.inServiceKeyAt(n);
      keys.get(placeOf(key) ?? '')?.push(key);
    }
    for (const list of keys.values()) list.sort((a, b) => a - b);
    counted = { inventory: inventory.version, version, keys };
    return keys;
  }

  function existingPlaces(sipPeerId: string): Place[] {
    const found = sites.find(({ places }) => places.some((each) => each.sipPeerId === sipPeerId));
    if (found !== undefined) return found.places;
    throw new LedgerError(`The sandbox has no location ${sipPeerId}. Nothing was changed.`);
  }

  function takePlace(sipPeerId: string): Place {
    const places = existingPlaces(sipPeerId);
    version += 1;
    return places.splice(
      places.findIndex((each) => each.sipPeerId === sipPeerId),
      1,
    )[0] as Place;
  }

  function heldKey(telephoneNumber: string): number {
    const key = keyOf(telephoneNumber);
    if (key !== undefined && inventory.has(key)) return key;
    throw new LedgerError(`The account has no number ${telephoneNumber}. Nothing was changed.`);
  }

  return {
    sites: () =>
      sites.map(({ places, ...site }) => ({
        ...site,
        locations: places.map((each) => ({
          ...each,
          get numbers() {
            return (keysByPlace().get(each.sipPeerId) ?? []).map(textOf);
          },
        })),
      })),
    moveNumbers(telephoneNumbers, sipPeerId) {
      const keys = telephoneNumbers.map(heldKey);
      if (sipPeerId !== undefined) existingPlaces(sipPeerId);
      for (const key of keys) moved.set(key, sipPeerId);
      version += 1;
    },
    removeLocation(sipPeerId) {
      takePlace(sipPeerId);
    },
    moveLocation(sipPeerId, siteId) {
      const site = sites.find((each) => each.siteId === siteId);
      if (site === undefined) throw new LedgerError(`The sandbox has no sub-account ${siteId}. Nothing was changed.`);
      site.places.push(takePlace(sipPeerId));
    },
    attributesOf(telephoneNumber) {
      const key = heldKey(telephoneNumber);
      const set = attributes.get(key);
      if (set !== undefined) return [...set];
      if (imported().has(telephoneNumber)) return ['Protected', 'External', 'Imported'];
      return hash(saltAttributes + seed, key) % 20 === 0 ? ['Protected'] : [];
    },
    setAttributes(telephoneNumber, own) {
      attributes.set(heldKey(telephoneNumber), own);
    },
    keysAt(siteId, sipPeerId) {
      const site = sites.find((each) => each.siteId === siteId);
      return site?.places.some((each) => each.sipPeerId === sipPeerId) ? keysByPlace().get(sipPeerId) : undefined;
    },
  };
}
