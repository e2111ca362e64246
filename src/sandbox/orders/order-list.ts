import type { SandboxOrderBase } from './order-types.js';

/**
 * The orders of one kind, newest first. The sequence never changes, so a page can begin at an order even if the list
 * grows.
 */
export interface OrderList<T extends SandboxOrderBase> {
  readonly all: readonly T[];
  get(orderId: string): T | undefined;
  add(order: T): void;
  /** The orders that match a filter, and the position of one among them, or where it would be if it doesn't match. */
  matching(filter: (order: T) => boolean): { orders: T[]; from(order: T): number };
}

export function createOrderList<T extends SandboxOrderBase>(orders: T[] = []): OrderList<T> {
  const all = orders.sort(newestFirst);
  const byId = new Map(all.map((order) => [order.orderId, order]));

  return {
    all,
    get: (orderId) => byId.get(orderId),
    add(order) {
      byId.set(order.orderId, order);
      all.splice(positionIn(all, order), 0, order);
    },
    matching(filter) {
      const matching = all.filter(filter);
      return { orders: matching, from: (order) => positionIn(matching, order) };
    },
  };
}

function positionIn(orders: readonly SandboxOrderBase[], order: SandboxOrderBase): number {
  let low = 0;
  let high = orders.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (newestFirst(orders[middle] as SandboxOrderBase, order) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

function newestFirst(a: SandboxOrderBase, b: SandboxOrderBase): number {
  return b.orderDate.getTime() - a.orderDate.getTime() || (a.orderId < b.orderId ? -1 : a.orderId > b.orderId ? 1 : 0);
}
