import type { SandboxOrderBase } from './order-types.js';

/** What can be wrong with one order of a list, or with the list itself (`repeated`). */
export type OrderQuirk = 'no-id' | 'letters' | 'impossible-date' | 'repeated' | 'odd-id' | 'refused';

/** How an account's order lists and details deviate from the correct ones. A kind is the path segment of its list. */
export interface Misbehavior {
  repeats(kind: string): boolean;
  affects(kind: string, quirk: OrderQuirk, order: SandboxOrderBase): boolean;
  /** The ID of an order in the API. */
  idOf(kind: string, order: SandboxOrderBase): string;
  /** The actual ID of a requested order; undefined if the API has no order with that ID. */
  trueId(kind: string, id: string): string | undefined;
  /** The numbers of an order as the API shows them. */
  numbersOf(kind: string, order: SandboxOrderBase, numbers: readonly string[]): readonly string[];
}

/** No deviations, the default. */
export const noMisbehavior: Misbehavior = {
  repeats: () => false,
  affects: () => false,
  idOf: (_kind, { orderId }) => orderId,
  trueId: (_kind, id) => id,
  numbersOf: (_kind, _order, numbers) => numbers,
};
