import type { NumberRow } from '../number.js';
import { isNanp, isTollFree, textOf } from '../number-key.js';
import type { Draw } from './draw.js';
import type { SandboxOrder } from './truth.js';

// One user has a name that XML must escape.
const users = ['jbm', 'smckinnon', 'bwc_user', 'wandedemo_user', "o'brien & sons"] as const;

export const existingNumbers = 'ExistingTelephoneNumberOrderType';

export function userOf(draw: Draw): string {
  return draw.of(users);
}

/** Customers number most of their orders, in several ways; some orders have no number of theirs. */
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

/** What an order asked for, going by the first number that it brought. */
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

/** The name that the Dashboard's examples give to an order of a type. */
export function nameOf({ type }: SandboxOrder['search'], draw: Draw): string {
  const words = type.replace(/(SearchAnd)?OrderType$/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return draw.percent(10) ? `${words} Order "${draw.below(1000)}" <new>` : `${words} Order`;
}
