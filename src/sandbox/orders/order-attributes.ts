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
  return draw.of([undefined, undefined, `ORD-${n}`, String(n).padStart(9, '0'), `Job ${n} West`]);
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
  return draw.of<SandboxOrder['search']>([
    { type: 'AreaCodeSearchAndOrderType', criteria: { AreaCode: digits.slice(0, 3) } },
    { type: 'RateCenterSearchAndOrderType', criteria: { RateCenter: rateCenter, State: state } },
    {
      type: 'NPANXXSearchAndOrderType',
      criteria: { NpaNxx: digits.slice(0, 6), EnableTNDetail: 'true', EnableLCA: 'false' },
    },
    { type: 'CitySearchAndOrderType', criteria: { City: city, State: state } },
    { type: 'LATASearchAndOrderType', criteria: { Lata: lata } },
    { type: existingNumbers, criteria: {} },
  ]);
}

/** The name that the Dashboard's examples give to an order of a type. */
export function nameOf({ type }: SandboxOrder['search'], draw: Draw): string {
  const words = type.replace(/(SearchAnd)?OrderType$/, '').replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ');
  return draw.percent(10) ? `${words} Order "${draw.below(1000)}" <new>` : `${words} Order`;
}
