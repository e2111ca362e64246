import { hash } from '../hash.js';
import type { OrderKind } from './truth.js';

const salts: Record<OrderKind, number> = {
  orders: 101,
  disconnects: 111,
  portins: 121,
  portouts: 131,
  numbersAssignment: 141,
};

/** The id of the n-th order of a kind, in the usual form of 36 characters. */
export function orderId(seed: number, kind: OrderKind, n: number): string {
  const salt = salts[kind];
  const digits = [0, 1, 2, 3]
    .map((part) =>
      hash(hash(salt + part, seed), n)
        .toString(16)
        .padStart(8, '0'),
    )
    .join('');
  return [8, 12, 16, 20, 32].map((end, i, ends) => digits.slice(ends[i - 1] ?? 0, end)).join('-');
}
