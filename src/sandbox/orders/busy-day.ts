import type { Inventory } from '../inventory.js';
import { textOf } from '../number-key.js';
import type { OrderBook } from './book.js';
import { createDraw, type Draw } from './draw.js';
import type { SandboxBusyDay, SandboxOrders } from './interface.js';
import type { OrderKind, SandboxOrderBase } from './order-types.js';

const saltNight = 191;

export interface BusyDayOptions {
  seed: number;
  inventory: Inventory;
  book: OrderBook;
}

/**
 * A busy day. Its size depends on the count of numbers: one order per two hundred numbers, from 4 to 50. It changes
 * only old orders whose change a client can find: open ones of any age, and orders that are listed by last change.
 */
export function busyDay(account: SandboxOrders, { seed, inventory, book }: BusyDayOptions): SandboxBusyDay {
  const draw = createDraw(saltNight, seed);
  const busy = Math.min(50, Math.max(4, Math.round(inventory.count / 200)));
  const placed = noIds();
  const changed = noIds();
  const times = (count: number, act: (i: number) => void) => Array.from({ length: count }, (_, i) => act(i));
  // Selected before anything changes: list positions are recalculated after every change.
  const chosen = Array.from({ length: inventory.inServiceCount === 0 ? 0 : 100 * busy }, () =>
    textOf(inventory.inServiceKeyAt(draw.below(inventory.inServiceCount))),
  );
  const inService = (count: number): string[] => [...new Set(chosen.splice(0, count))];

  times(busy, (i) => {
    const outcome = i % 5 === 4 ? draw.of(['PARTIAL', 'FAILED'] as const) : 'COMPLETE';
    const parts = i % 4 === 3 ? 3 : 1;
    const numbers = draw.size(4, 40);
    placed.orders.push(account.placeOrder({ numbers, outcome, parts, done: i % 2 === 0 }).orderId);
  });
  times(Math.ceil(busy / 2), (i) => {
    const numbers = inService(draw.size(3, 20));
    if (numbers.length > 0) {
      const order = account.placeDisconnect({ numbers, aging: i % 2 === 0, done: draw.percent(50) });
      placed.disconnects.push(order.orderId);
    }
  });
  times(Math.ceil(busy / 4), (i) => {
    const outcome = (['COMPLETE', 'COMPLETE', 'EXCEPTION', 'CANCELLED', 'DRAFT'] as const)[i % 5];
    const order = account.placePortIn({
      numbers: draw.size(3, 20),
      done: draw.percent(40),
      ...(outcome && { outcome }),
    });
    placed.portins.push(order.orderId);
  });
  times(Math.ceil(busy / 8), (i) => {
    const [number] = inService(1);
    if (number !== undefined) {
      const outcome = i % 4 === 3 ? 'CANCELLED' : 'COMPLETE';
      placed.portouts.push(account.placePortOut({ number, outcome, done: draw.percent(40) }).orderId);
    }
  });
  times(Math.ceil(busy / 3), (i) => {
    const unusedNumbers = i % 4 === 0 ? [textOf(book.unusedNumber())] : [];
    const numbers = [...inService(draw.size(20, 200)), ...unusedNumbers];
    if (numbers.length > 0) {
      const action = draw.percent(70) ? 'ASSIGN' : 'UNASSIGN';
      placed.numbersAssignment.push(account.placeAssignment({ action, numbers, done: draw.percent(60) }).orderId);
    }
  });

  const { lists } = book;
  const change = (kind: OrderKind, order: SandboxOrderBase | undefined, status?: string) => {
    if (order !== undefined) {
      const patch = { customerOrderId: `late ${draw.below(1000)}`, ...(status !== undefined && { status }) };
      account.changeOrder(kind, order.orderId, patch);
      changed[kind].push(order.orderId);
    }
  };
  change(
    'orders',
    anyOf(draw, lists.orders.all, ({ status }) => status === 'BACKORDERED'),
    'PARTIAL',
  );
  const stuck = anyOf(draw, lists.portins.all, ({ status }) => status === 'EXCEPTION');
  change('portins', stuck, 'REQUESTED_SUPP');
  if (stuck !== undefined) {
    book.lifecycle.portIn(stuck, { start: stuck.lastModifiedDate.getTime(), outcome: 'COMPLETE' });
  }
  change(
    'portins',
    anyOf(draw, lists.portins.all, ({ status }) => status === 'COMPLETE'),
  );
  return { placed, changed };
}

function noIds(): Record<OrderKind, string[]> {
  return {
    orders: [],
    disconnects: [],
    portins: [],
    portouts: [],
    numbersAssignment: [],
    importTnOrders: [],
    removeImportedTnOrders: [],
    externalTns: [],
  };
}

/** A random order that matches, regardless of age. */
function anyOf<T>(draw: Draw, orders: readonly T[], fits: (order: T) => boolean): T | undefined {
  const fitting = orders.filter(fits);
  return fitting.length === 0 ? undefined : draw.of(fitting);
}
