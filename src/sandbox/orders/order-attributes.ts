import type { NumberRow } from '../number.js';
import { isNanp, isTollFree, textOf } from '../number-key.js';
import type { Draw } from './draw.js';
import type { SandboxOrder } from './order-types.js';

// One user name needs XML escaping.
const users = ['jbm', 'smckinnon', 'bwc_user', 'wandedemo_user', "o'brien & sons"] as const;

export const existingNumbers = 'ExistingTelephoneNumberOrderType';

export function userOf(draw: Draw): string {
  return draw.of(users);
}

/** Customers set an ID of their own on most orders, in several formats. */
export function customerOrderIdOf(draw: Draw): string | undefined {
  const n = draw.below(100_000);
  switch (draw.below(5)) {
    case 0:
      return `ORD-${n}`;
    case 1:
      return String(n).padStart(9, '0');
    case 2:
      return `Job ${n} West`;
    default:
      return undefined;
  }
}

/** The search criteria of an order, based on the first number it delivered. */
export function searchOf(row: NumberRow, draw: Draw): SandboxOrder['search'] {
  const digits = textOf(row.key);
  if (!isNanp(row.key)) {
    return { type: existingNumbers, criteria: {} };
  }
  if (isTollFree(row.key)) {
    return { type: 'TollFreeWildCharSearchAndOrderType', criteria: { TollFreeWildCardPattern: '8**' } };
  }
  const { city = '', state = '', rateCenter = '', lata = '' } = row;
  switch (draw.below(6)) {
    case 0:
      return { type: 'AreaCodeSearchAndOrderType', criteria: { AreaCode: digits.slice(0, 3) } };
    case 1:
      return { type: 'RateCenterSearchAndOrderType', criteria: { RateCenter: rateCenter, State: state } };
    case 2: {
      const criteria = { NpaNxx: digits.slice(0, 6), EnableTNDetail: 'true', EnableLCA: 'false' };
      return { type: 'NPANXXSearchAndOrderType', criteria };
    }
    case 3:
      return { type: 'CitySearchAndOrderType', criteria: { City: city, State: state } };
    case 4:
      return { type: 'LATASearchAndOrderType', criteria: { Lata: lata } };
    default:
      return { type: existingNumbers, criteria: {} };
  }
}

/** The order name that the Dashboard examples use for a type. */
export function nameOf({ type }: SandboxOrder['search'], draw: Draw): string {
  const words = type.replace(/(SearchAnd)?OrderType$/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return draw.percent(10) ? `${words} Order "${draw.below(1000)}" <new>` : `${words} Order`;
}
