import { LedgerError } from '../../errors.js';
import type { SandboxClock } from '../clock.js';
import type { Inventory } from '../inventory.js';
import { textOf } from '../number-key.js';
import { type LazyOrderBook, type OrderBook, orderableKey } from './book.js';
import { listedDates, type NumberOrder, touchDisconnect } from './build.js';
import { busyDay } from './busy-day.js';
import type { PlaceNumberOrder, SandboxOrders } from './interface.js';
import type { OrderKind, SandboxDisconnect, SandboxOrder, SandboxOrderBase } from './order-types.js';

export interface AccountOrdersOptions {
  id: string;
  book: LazyOrderBook;
  inventory: Inventory;
  clock: SandboxClock;
}

const ends: readonly string[] = ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'];

/** What tests can read and change about an account's orders. Everything it returns is a copy. */
export function createAccountOrders(options: AccountOrdersOptions): SandboxOrders {
  const { id, book: lazy, clock } = options;

  /** If an order placed in the past has steps that are already due, runs them before it is returned. */
  function afterDueSteps<T extends SandboxOrderBase>(order: T): T {
    lazy.open();
    return copyOf(order);
  }

  function numbersFor(book: OrderBook, numbers: PlaceNumberOrder['numbers'] = 1): string[] {
    if (typeof numbers !== 'number') {
      for (const telephoneNumber of numbers) {
        orderableKey(book, telephoneNumber);
      }
      return [...new Set(numbers)];
    }
    return Array.from({ length: numbers }, () => textOf(book.unusedNumber()));
  }

  function orderIn(kind: OrderKind, orderId: string): SandboxOrderBase & { status: string } {
    const order = lazy.open().lists[kind].get(orderId);
    if (order === undefined) {
      throw new LedgerError(`Account ${id} of the sandbox has no ${kind} ${orderId}. Nothing was changed.`);
    }
    return order;
  }

  const account: SandboxOrders = {
    orders: () => lazy.open().lists.orders.all.map(withListedDates),
    disconnects: () => copyOf([...lazy.open().lists.disconnects.all]),
    portIns: () => copyOf([...lazy.open().lists.portins.all]),
    portOuts: () => copyOf([...lazy.open().lists.portouts.all]),
    assignmentOrders: () => copyOf([...lazy.open().lists.numbersAssignment.all]),
    importOrders: () => copyOf([...lazy.open().lists.importTnOrders.all]),
    removals: () => copyOf([...lazy.open().lists.removeImportedTnOrders.all]),
    externalOrders: () => copyOf([...lazy.open().lists.externalTns.all]),
    disconnectedNumbers: () =>
      [...lazy.open().departures]
        .map(([telephoneNumber, { at, orderId }]) => ({ telephoneNumber, disconnectedAt: new Date(at), orderId }))
        .sort((a, b) => (a.telephoneNumber < b.telephoneNumber ? -1 : 1)),
    placeOrder(wanted = {}) {
      const book = lazy.open();
      const numbers = numbersFor(book, wanted.numbers);
      const parts = wanted.parts ?? 1;
      const order = book.builder.order({
        orderDate: book.orderDateOf(wanted),
        keys: numbers.map((number) => orderableKey(book, number)),
        backOrder: parts > 1,
        existing: Array.isArray(wanted.numbers),
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
      });
      book.lifecycle.order(order, { start: order.orderDate.getTime(), parts, outcome: wanted.outcome });
      book.add(book.lists.orders, order, wanted.done);
      lazy.open();
      return withListedDates(order);
    },
    placeDisconnect(wanted) {
      const book = lazy.open();
      const order = book.builder.disconnect({
        orderDate: book.orderDateOf(wanted),
        keys: [...new Set(wanted.numbers)],
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
      });
      book.lifecycle.disconnect(order, { start: order.orderDate.getTime(), aging: wanted.aging ?? false });
      return afterDueSteps(book.add(book.lists.disconnects, order, wanted.done));
    },
    placePortIn(wanted = {}) {
      const book = lazy.open();
      const order = book.builder.portIn({
        orderDate: book.orderDateOf(wanted),
        numbers: numbersFor(book, wanted.numbers),
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
        losingCarrierName: wanted.losingCarrierName,
      });
      book.lifecycle.portIn(order, { start: order.orderDate.getTime(), outcome: wanted.outcome });
      return afterDueSteps(book.add(book.lists.portins, order, wanted.done));
    },
    placePortOut(wanted) {
      const book = lazy.open();
      orderableKey(book, wanted.number);
      const order = book.builder.portOut({
        orderDate: book.orderDateOf(wanted),
        number: wanted.number,
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
      });
      book.lifecycle.portOut(order, { start: order.orderDate.getTime(), outcome: wanted.outcome });
      return afterDueSteps(book.add(book.lists.portouts, order, wanted.done));
    },
    placeAssignment: (wanted) => afterDueSteps(lazy.open().assign(wanted)),
    placeImport(wanted = {}) {
      const book = lazy.open();
      const order = book.builder.importOrder({
        orderDate: book.orderDateOf(wanted),
        numbers: numbersFor(book, wanted.numbers),
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
        loaType: wanted.loaType,
      });
      book.lifecycle.importOrder(order, { start: order.orderDate.getTime(), outcome: wanted.outcome });
      return afterDueSteps(book.add(book.lists.importTnOrders, order, wanted.done));
    },
    placeRemoval(wanted) {
      const book = lazy.open();
      const order = book.builder.removal({
        orderDate: book.orderDateOf(wanted),
        numbers: [...new Set(wanted.numbers)],
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
      });
      book.lifecycle.removal(order, { start: order.orderDate.getTime() });
      return afterDueSteps(book.add(book.lists.removeImportedTnOrders, order, wanted.done));
    },
    placeExternal(wanted) {
      const book = lazy.open();
      const order = book.builder.external({
        orderDate: book.orderDateOf(wanted),
        action: wanted.action,
        numbers: numbersFor(book, wanted.numbers),
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
        loaType: wanted.loaType,
      });
      book.lifecycle.external(order, { start: order.orderDate.getTime(), outcome: wanted.outcome });
      return afterDueSteps(book.add(book.lists.externalTns, order, wanted.done));
    },
    changeOrder(kind, orderId, patch = {}) {
      const { schedule, trails } = lazy.open();
      const order = orderIn(kind, orderId);
      const at = patch.lastModifiedDate ?? clock.now();
      trails.change(order, () => {
        if (patch.status !== undefined) {
          schedule.drop(order);
          order.status = patch.status;
        }
        if ('customerOrderId' in patch) {
          order.customerOrderId = patch.customerOrderId;
        }
        if (kind === 'orders') {
          const numberOrder = order as NumberOrder;
          if (ends.includes(numberOrder.status)) {
            endEarly(numberOrder, at);
          }
          numberOrder.lastModifiedDate = at;
        } else if (kind === 'disconnects') {
          touchDisconnect(order as SandboxDisconnect, at.getTime());
        } else {
          order.lastModifiedDate = at;
        }
      });
    },
    orderEvents: (kind, orderId) => copyOf([...lazy.open().trails.eventsOf(orderIn(kind, orderId))]),
    orderNotes: (kind, orderId) => copyOf([...lazy.open().trails.notesOf(orderIn(kind, orderId))]),
    addOrderNote(kind, orderId, note) {
      lazy.open().trails.addNote(orderIn(kind, orderId), {
        userId: 'noc',
        description: note,
        lastModified: clock.now(),
      });
    },
    busyDay(seed) {
      lazy.applyDueSteps();
      return busyDay(account, { seed, inventory: options.inventory, book: lazy.open() });
    },
  };
  return account;
}

function withListedDates(order: NumberOrder): SandboxOrder {
  return { ...copyOf(order), listed: listedDates(order) };
}

/** Ends a number order early: pending numbers are never delivered. */
function endEarly(order: NumberOrder, at: Date): void {
  for (const number of order.numbers) {
    number.outcome = number.outcome === 'PENDING' ? 'FAILED' : number.outcome;
  }
  order.failedQuantity = order.status === 'CANCELLED' ? 0 : order.quantity - order.countOfTns;
  order.completedDate ??= at;
}

/** A deep copy of plain objects, arrays and dates. */
function copyOf<T>(value: T): T {
  if (Array.isArray(value)) {
    return value.map(copyOf) as T;
  }
  if (value instanceof Date) {
    return new Date(value) as T;
  }
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, copyOf(each)])) as T;
  }
  return value;
}
