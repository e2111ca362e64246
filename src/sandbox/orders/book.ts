import { LedgerError } from '../../errors.js';
import type { SandboxClock } from '../clock.js';
import { hash } from '../hash.js';
import type { Inventory } from '../inventory.js';
import type { NumberRow, Quirk } from '../number.js';
import { keyOf, textOf } from '../number-key.js';
import type { Population } from '../population.js';
import { type Builder, createBuilder, type NumberOrder } from './build.js';
import { createDraw } from './draw.js';
import { generate } from './generate.js';
import type { AssignmentPace, OrderAmounts, PlaceAssignment, PlaceOptions } from './interface.js';
import { createInventoryChanges, type InventoryChanges } from './inventory-changes.js';
import { createLifecycle, type Departure, type Lifecycle } from './lifecycle.js';
import { createOrderList, type OrderList } from './order-list.js';
import { createOrderTrails, type OrderTrails } from './order-trails.js';
import type {
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxExternalOrder,
  SandboxImportOrder,
  SandboxOrderBase,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './order-types.js';
import { assignmentError, assignmentErrors } from './outcomes.js';
import { createSchedule, type Schedule } from './schedule.js';

const saltHistory = 181;
const hour = 3_600_000;
const year = 365.25 * 24 * hour;
/** How long an order that advances on reads takes if nobody reads it. */
const unreadDuration = 2 * hour;

export interface OrderLists {
  orders: OrderList<NumberOrder>;
  disconnects: OrderList<SandboxDisconnect>;
  portins: OrderList<SandboxPortIn>;
  portouts: OrderList<SandboxPortOut>;
  numbersAssignment: OrderList<SandboxAssignmentOrder>;
  importTnOrders: OrderList<SandboxImportOrder>;
  removeImportedTnOrders: OrderList<SandboxRemoval>;
  externalTns: OrderList<SandboxExternalOrder>;
}

/** The orders of an account in their current state. The public interface of the account gives tests copies of them. */
export interface OrderBook {
  readonly lists: OrderLists;
  readonly departures: ReadonlyMap<string, Departure>;
  /** Numbers that were imported and not removed since. */
  readonly imported: ReadonlySet<string>;
  readonly schedule: Schedule;
  readonly inventoryChanges: InventoryChanges;
  readonly builder: Builder;
  readonly lifecycle: Lifecycle;
  /** Histories and notes of the orders. */
  readonly trails: OrderTrails;
  /** A number that no account holds and no order names. */
  unusedNumber(): number;
  attributes(key: number): NumberRow;
  /** Adds an order and runs its steps: the ones that are due, or all. */
  add<T extends SandboxOrderBase>(list: OrderList<T>, order: T, done: boolean | undefined): T;
  assign(options: PlaceAssignment): SandboxAssignmentOrder;
  /** Counts a read of an assignment order, which may advance it. */
  read(order: SandboxAssignmentOrder): void;
  /** Records that a number left without an order. */
  recordDeparture(telephoneNumber: string, at: number): void;
  orderDateOf(options: PlaceOptions): number;
}

export interface OrderBookOptions {
  seed: number;
  ordinal: number;
  population: Population;
  inventory: Inventory;
  attributes(key: number, quirk: Quirk | undefined): NumberRow;
  amounts: OrderAmounts;
  /** Number of years before `until` in which the numbers and their orders arrived. */
  years: number;
  until: number;
  clock: SandboxClock;
  pace: AssignmentPace;
  mayAssign: boolean;
}

/** The order book of an account, generated on first use: most tests never need it. */
export interface LazyOrderBook {
  /** The book after all due steps. Their effect on the numbers of the account is visible after `applyDueSteps`. */
  open(): OrderBook;
  /** Applies the effect of due steps to the numbers of the account. */
  applyDueSteps(): void;
  /** Records that a number left without an order. */
  recordDeparture(telephoneNumber: string): void;
  /** Records that numbers arrived without an order. */
  recordArrivals(telephoneNumbers: readonly string[]): void;
}

export function createLazyOrderBook(options: OrderBookOptions): LazyOrderBook {
  const { clock, population } = options;
  const started = clock.now().getTime();
  // Copies of the initial state: the inventory changes, and order history generated later must still lead to the
  // initial state.
  const keys = population.keys;
  const quirks = new Map(population.quirks);
  const pendingRecords: Array<(book: OrderBook) => void> = [];
  let book: OrderBook | undefined;

  function open(): OrderBook {
    if (book === undefined) {
      book = writeBook({ ...options, keys, quirks, started });
      for (const record of pendingRecords.splice(0)) {
        record(book);
      }
    }
    const now = clock.now().getTime();
    for (let step = book.schedule.due(now); step !== undefined; step = book.schedule.due(now)) {
      step.run(step.at);
    }
    return book;
  }

  function record(what: (book: OrderBook) => void): void {
    if (book === undefined) {
      pendingRecords.push(what);
    } else {
      what(book);
    }
  }

  return {
    open,
    applyDueSteps() {
      // No order that is open at the start has a step within the first hour.
      if (book !== undefined || clock.now().getTime() >= started + hour) {
        open().inventoryChanges.commit();
      }
    },
    recordDeparture(telephoneNumber) {
      const at = clock.now().getTime();
      record((opened) => opened.recordDeparture(telephoneNumber, at));
    },
    recordArrivals(telephoneNumbers) {
      record(({ departures }) => {
        for (const telephoneNumber of telephoneNumbers) {
          (departures as Map<string, Departure>).delete(telephoneNumber);
        }
      });
    },
  };
}

interface Start {
  keys: Float64Array;
  quirks: ReadonlyMap<number, Quirk>;
  started: number;
}

function writeBook(options: OrderBookOptions & Start): OrderBook {
  const { seed, ordinal, inventory, population, clock, pace, keys, quirks, started, until } = options;
  const bookSeed = hash(seed, ordinal);
  const attributes = (key: number, quirk?: Quirk) => options.attributes(key, quirk);
  const trails = createOrderTrails(bookSeed);
  const schedule = recordingSteps(createSchedule(), trails);
  const inventoryChanges = createInventoryChanges(inventory);
  const departures = new Map<string, Departure>();
  const imported = new Set<string>();
  const reads = new Map<SandboxAssignmentOrder, number>();
  const unusedNumber = population.unusedNumbers();
  const errorOf = (telephoneNumber: string) => {
    const key = keyOf(telephoneNumber);
    return options.mayAssign
      ? assignmentError(
          telephoneNumber,
          key === undefined ? undefined : inventoryChanges.statusOf(key),
          imported.has(telephoneNumber),
        )
      : assignmentErrors.mayNotAssign;
  };
  const lifecycle = createLifecycle({ schedule, inventoryChanges, departures, imported, assignmentError: errorOf });
  const draw = createDraw(saltHistory, bookSeed);
  const builder = createBuilder({ seed: bookSeed, draw, attributes });
  const now = Math.max(started, until);
  const generated = generate({
    draw,
    builder,
    lifecycle,
    attributes,
    unusedNumber,
    imported,
    from: until - options.years * year,
    until,
    now,
    keys,
    quirks,
    departures,
    amounts: amountsFor(keys.length, options.amounts),
  });
  const lists: OrderLists = {
    orders: createOrderList(generated.orders),
    disconnects: createOrderList(generated.disconnects),
    portins: createOrderList(generated.portIns),
    portouts: createOrderList(generated.portOuts),
    numbersAssignment: createOrderList(generated.assignments),
    importTnOrders: createOrderList(generated.imports),
    removeImportedTnOrders: createOrderList(generated.removals),
    externalTns: createOrderList(generated.externals),
  };

  function runAllSteps(order: SandboxOrderBase): void {
    const at = Math.max(clock.now().getTime(), order.orderDate.getTime());
    for (let step = schedule.dueFor(order); step !== undefined; step = schedule.dueFor(order)) {
      step.run(Math.min(step.at, at));
    }
  }

  const book: OrderBook = {
    lists,
    departures,
    imported,
    schedule,
    inventoryChanges,
    builder,
    lifecycle,
    trails,
    unusedNumber,
    attributes,
    add(list, order, done) {
      list.add(order);
      if (done) {
        runAllSteps(order);
      }
      return order;
    },
    assign(wanted) {
      const order = builder.assignment({
        orderDate: book.orderDateOf(wanted),
        action: wanted.action,
        numbers: [...new Set(wanted.numbers)],
        customerOrderId: wanted.customerOrderId,
        userId: wanted.userId,
      });
      const duration = 'ms' in pace ? pace.ms : unreadDuration;
      lifecycle.assignment(order, { start: order.orderDate.getTime(), duration });
      reads.set(order, 0);
      const atOnce = 'ms' in pace ? pace.ms === 0 : pace.reads === 0;
      return book.add(lists.numbersAssignment, order, wanted.done || atOnce);
    },
    read(order) {
      const soFar = reads.get(order);
      if (soFar === undefined || 'ms' in pace) {
        return;
      }
      reads.set(order, soFar + 1);
      if (soFar + 1 >= pace.reads) {
        runAllSteps(order);
        reads.delete(order);
      } else if (order.status === 'RECEIVED') {
        const at = clock.now().getTime();
        const step = schedule.dueFor(order);
        step?.run(Math.min(step.at, at));
      }
    },
    recordDeparture: (telephoneNumber, at) => void departures.set(telephoneNumber, { at, orderId: undefined }),
    orderDateOf: ({ orderDate }) => (orderDate ?? clock.now()).getTime(),
  };
  return book;
}

/** A schedule whose steps add to the histories of their orders. */
function recordingSteps(schedule: Schedule, trails: OrderTrails): Schedule {
  return {
    ...schedule,
    // A getter, which the spread would replace by its value.
    get next() {
      return schedule.next;
    },
    plan: ({ order, at, run }) => schedule.plan({ order, at, run: (time) => trails.change(order, () => run(time)) }),
  };
}

const shares = { orders: 10, disconnects: 30, portins: 100, portouts: 200, assignments: 100 } as const;
const defaultOpenShare = 0.02;

function amountsFor(numbers: number, given: OrderAmounts): Required<OrderAmounts> {
  const amountOf = (name: keyof typeof shares) => given[name] ?? Math.ceil(numbers / shares[name]);
  return {
    orders: amountOf('orders'),
    disconnects: amountOf('disconnects'),
    portins: amountOf('portins'),
    portouts: amountOf('portouts'),
    assignments: amountOf('assignments'),
    imports: given.imports ?? 0,
    externals: given.externals ?? 0,
    features: given.features ?? 0,
    open: given.open ?? defaultOpenShare,
  };
}

/** The key of a number that an order can add. The sandbox must know its place or country. */
export function orderableKey(book: OrderBook, telephoneNumber: string): number {
  const key = keyOf(telephoneNumber);
  try {
    if (key !== undefined) {
      book.attributes(key);
      return key;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) {
      throw error;
    }
  }
  throw new LedgerError(`The sandbox can't order ${telephoneNumber}: its location is unknown. Nothing was changed.`, {
    hint: `Use a number in a known NPA-NXX, such as ${textOf(book.unusedNumber())}, or give a count instead.`,
  });
}
