import type { BlockSequence } from './blocks.js';
import { dateFormCount } from './dates.js';
import { fraction, hash } from './hash.js';
import { aging, inService, type NumberRow, type Quirk } from './number.js';
import { isNanp, isTollFree, textOf } from './number-key.js';
import { countries } from './places.js';

const saltInServiceDate = 21;
const saltModified = 22;
const saltTier = 23;
const saltVendor = 24;
const saltDateForm = 25;

const year = 365.25 * 86_400_000;

const vendors = [
  { id: '49', name: 'Bandwidth CLEC' },
  { id: '512E', name: 'Level 3' },
  { id: '57', name: 'Peerless Network' },
] as const;

// Text that an XML reader must decode: entities, quotes and non-ASCII letters.
const specialTexts = [
  { city: "COEUR D'ALENE", rateCenter: "COEUR D'AL", vendorName: 'Smith & Sons <CLEC>' },
  { city: 'CAÑON CITY', rateCenter: 'CAÑON CITY', vendorName: 'The "Valley" Telephone & Telegraph Co.' },
  { city: 'LAKE & PARK', rateCenter: 'LAKE & PK', vendorName: 'Bell &amp; Howell' },
] as const;

export interface AttributesOptions {
  seed: number;
  blocks: BlockSequence;
  /** End of the range of in-service dates, in epoch milliseconds. */
  until: number;
  years: number;
}

/** Computes the attributes of a number from the seed alone, so a million numbers need no memory for them. */
export function createAttributes(options: AttributesOptions): (key: number, quirk: Quirk | undefined) => NumberRow {
  const { blocks, until, years, seed } = options;
  const dateSalt = hash(saltInServiceDate, seed);
  const modifiedSalt = hash(saltModified, seed);
  const tierSalt = hash(saltTier, seed);
  const vendorSalt = hash(saltVendor, seed);
  const formSalt = hash(saltDateForm, seed);

  return (key, quirk) => {
    const age = Math.floor((fraction(hash(dateSalt, key)) * years * year) / 1000) * 1000;
    const inServiceDate = until - age;
    const later = fraction(hash(modifiedSalt, key));
    // An Aging number changed after its in-service date; a quarter of the others did too.
    const share = quirk === 'aging' ? later : Math.max(0, later * 4 - 3);
    const lastModified = inServiceDate + Math.floor((age * share) / 1000) * 1000;
    const tier = hash(tierSalt, key) % 16;
    const vendor = hash(vendorSalt, key) % 20;
    const { id, name } = vendors[vendor < vendors.length ? vendor : 0] as (typeof vendors)[number];
    const row: NumberRow = {
      key,
      status: quirk === 'aging' ? aging : inService,
      city: undefined,
      state: undefined,
      rateCenter: undefined,
      lata: undefined,
      tier: tier < 5 ? String(tier + 1) : '0',
      vendorId: id,
      vendorName: name,
      lastModified,
      inServiceDate: quirk === 'no-in-service-date' ? undefined : inServiceDate,
      country: undefined,
      tnType: undefined,
      quirk,
      dateForm: undefined,
    };
    if (!isNanp(key)) {
      const { country, tnType } = countryOf(key);
      row.country = country;
      row.tnType = tnType;
      row.tier = undefined;
    } else if (!isTollFree(key)) {
      const place = blocks.placeOf(key);
      row.city = place.city;
      row.state = place.state;
      row.rateCenter = place.rateCenter;
      row.lata = place.lata;
    }
    if (quirk === 'special-text') {
      Object.assign(row, specialTexts[key % specialTexts.length]);
    } else if (quirk === 'odd-date') {
      row.dateForm = hash(formSalt, key) % dateFormCount;
    }
    return row;
  };
}

function countryOf(key: number): (typeof countries)[number] {
  const digits = textOf(key).slice(1);
  const country = countries.find(({ prefix }) => digits.startsWith(String(prefix)));
  if (country === undefined) {
    throw new RangeError(`The sandbox has no country for +${digits}.`);
  }
  return country;
}
