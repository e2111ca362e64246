import type { Inventory } from '../inventory.js';
import { textOf } from '../number-key.js';
import type { OrderBook } from './book.js';
import { createDraw, type Draw } from './draw.js';
import type { SandboxNight, SandboxOrders } from './interface.js';
import type { OrderKind, SandboxOrderBase } from './truth.js';

const saltNight = 191;

export interface NightOptions {
  seed: number;
  inventory: Inventory;
  book: OrderBook;
}

/**
 * A busy day. Its size follows from the numbers: one order for two hundred of them, from 4 to 50. Of the old orders it
 * changes those whose change the API lets a client find: open ones, however old, and what is listed by its last change.
 */
export function night(account: SandboxOrders, { seed, inventory, book }: NightOptions): SandboxNight {
  const draw = createDraw(saltNight, seed);
  const busy = Math.min(50, Math.max(4, Math.round(inventory.count / 200)));
  const placed = noIds();
  const changed = noIds();
  const times = (count: number, act: (i: number) => void) => Array.from({ length: count }, (_, i) => act(i));
  // Chosen before anything changes: where a number stands in the listing is worked out anew after every change.
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
    const strangers = i % 4 === 0 ? [textOf(book.stranger())] : [];
    const numbers = [...inService(draw.size(20, 200)), ...strangers];
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
  };
}

/** One of the orders that fit, the old ones as likely as the new ones. */
function anyOf<T>(draw: Draw, orders: readonly T[], fits: (order: T) => boolean): T | undefined {
  const fitting = orders.filter(fits);
  return fitting.length === 0 ? undefined : draw.of(fitting);
}
