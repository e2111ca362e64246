import { hash } from '../hash.js';
import type { OrderKind } from './order-types.js';

const salts: Record<OrderKind, number> = {
  orders: 101,
  disconnects: 111,
  portins: 121,
  portouts: 131,
  numbersAssignment: 141,
  importTnOrders: 211,
  removeImportedTnOrders: 221,
  externalTns: 261,
};

/** The ID of the nth order of a kind, in the usual format of 36 characters. */
export function orderId(seed: number, kind: OrderKind, n: number): string {
  const salt = salts[kind];
  const part = (which: number) =>
    hash(hash(salt + which, seed), n)
      .toString(16)
      .padStart(8, '0');
  const [second, third] = [part(1), part(2)];
  return `${part(0)}-${second.slice(0, 4)}-${second.slice(4)}-${third.slice(0, 4)}-${third.slice(4)}${part(3)}`;
}
