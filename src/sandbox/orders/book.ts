import { LedgerError } from '../../errors.js';
import type { SandboxClock } from '../clock.js';
import { hash } from '../hash.js';
import type { Inventory } from '../inventory.js';
import type { NumberRow, Quirk } from '../number.js';
import { keyOf, textOf } from '../number-key.js';
import type { Population } from '../population.js';
import { type Agenda, createAgenda } from './agenda.js';
import { type Builder, createBuilder, type NumberOrder } from './build.js';
import { createDraw } from './draw.js';
import { generate } from './generate.js';
import { createHoldings, type Holdings } from './holdings.js';
import type { AssignmentPace, OrderAmounts, PlaceAssignment, PlaceOptions } from './interface.js';
import { createLifecycle, type Departure, type Lifecycle } from './lifecycle.js';
import { createOrderList, type OrderList } from './order-list.js';
import { assignmentError, assignmentErrors } from './outcomes.js';
import type {
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxImportOrder,
  SandboxOrderBase,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './truth.js';

const saltHistory = 181;
const hour = 3_600_000;
const year = 365.25 * 24 * hour;
/** How long an order that is paced by reads takes where nobody reads it. */
const unreadDuration = 2 * hour;

export interface OrderLists {
  orders: OrderList<NumberOrder>;
  disconnects: OrderList<SandboxDisconnect>;
  portins: OrderList<SandboxPortIn>;
  portouts: OrderList<SandboxPortOut>;
  numbersAssignment: OrderList<SandboxAssignmentOrder>;
  importTnOrders: OrderList<SandboxImportOrder>;
  removeImportedTnOrders: OrderList<SandboxRemoval>;
}

/** The orders of one account as they are; the account's own interface gives tests copies of them. */
export interface OrderBook {
  readonly lists: OrderLists;
  readonly departures: ReadonlyMap<string, Departure>;
  /** Numbers that were imported and not removed since. */
  readonly imported: ReadonlySet<string>;
  readonly agenda: Agenda;
  readonly holdings: Holdings;
  readonly builder: Builder;
  readonly lifecycle: Lifecycle;
  /** A number that nobody holds and that no order has named. */
  stranger(): number;
  attributes(key: number): NumberRow;
  /** Adds an order that is begun, and takes the steps that are due, or all of them. */
  enter<T extends SandboxOrderBase>(list: OrderList<T>, order: T, done: boolean | undefined): T;
  assign(options: PlaceAssignment): SandboxAssignmentOrder;
  /** Counts a read of an assignment order, which may bring it on. */
  read(order: SandboxAssignmentOrder): void;
  /** Takes numbers out of it: they left by no order. */
  depart(telephoneNumber: string, at: number): void;
  orderDateOf(options: PlaceOptions): number;
}

export interface OrderBookOptions {
  seed: number;
  ordinal: number;
  population: Population;
  inventory: Inventory;
  attributes(key: number, quirk: Quirk | undefined): NumberRow;
  amounts: OrderAmounts;
  /** The years before `until` over which numbers came, and so the orders that brought them. */
  years: number;
  until: number;
  clock: SandboxClock;
  pace: AssignmentPace;
  mayAssign: boolean;
}

/** The order book of an account, written when somebody first looks into it: most tests never do. */
export interface LazyOrderBook {
  /** The book with all steps taken that are due; what they did to the account's numbers shows after `settle`. */
  open(): OrderBook;
  /** Brings the account's numbers in line with its orders. */
  settle(): void;
  /** Tells a number that left by no order. */
  depart(telephoneNumber: string): void;
  /** Tells numbers that came by no order. */
  arrive(telephoneNumbers: readonly string[]): void;
}

export function createLazyOrderBook(options: OrderBookOptions): LazyOrderBook {
  const { clock, population } = options;
  const started = clock.now().getTime();
  // Both change with the inventory, and the past that is made up later leads to the account as it was.
  const keys = population.keys;
  const quirks = new Map(population.quirks);
  const unexplained: Array<(book: OrderBook) => void> = [];
  let book: OrderBook | undefined;

  function open(): OrderBook {
    if (book === undefined) {
      book = writeBook({ ...options, keys, quirks, started });
      for (const tell of unexplained.splice(0)) {
        tell(book);
      }
    }
    const now = clock.now().getTime();
    for (let step = book.agenda.due(now); step !== undefined; step = book.agenda.due(now)) {
      step.take(step.at);
    }
    return book;
  }

  function tell(what: (book: OrderBook) => void): void {
    if (book === undefined) {
      unexplained.push(what);
    } else {
      what(book);
    }
  }

  return {
    open,
    settle() {
      // No order that is open at the start takes a step within its first hour.
      if (book !== undefined || clock.now().getTime() >= started + hour) {
        open().holdings.commit();
      }
    },
    depart(telephoneNumber) {
      const at = clock.now().getTime();
      tell((opened) => opened.depart(telephoneNumber, at));
    },
    arrive(telephoneNumbers) {
      tell(({ departures }) => {
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
  const agenda = createAgenda();
  const holdings = createHoldings(inventory);
  const departures = new Map<string, Departure>();
  const imported = new Set<string>();
  const reads = new Map<SandboxAssignmentOrder, number>();
  const stranger = population.strangers();
  const errorOf = (telephoneNumber: string) => {
    const key = keyOf(telephoneNumber);
    return options.mayAssign
      ? assignmentError(
          telephoneNumber,
          key === undefined ? undefined : holdings.statusOf(key),
          imported.has(telephoneNumber),
        )
      : assignmentErrors.mayNotAssign;
  };
  const lifecycle = createLifecycle({ agenda, holdings, departures, imported, assignmentError: errorOf });
  const draw = createDraw(saltHistory, bookSeed);
  const builder = createBuilder({ seed: bookSeed, draw, attributes });
  const now = Math.max(started, until);
  const generated = generate({
    draw,
    builder,
    lifecycle,
    attributes,
    stranger,
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
  };

  function hurry(order: SandboxOrderBase): void {
    const at = Math.max(clock.now().getTime(), order.orderDate.getTime());
    for (let step = agenda.dueFor(order); step !== undefined; step = agenda.dueFor(order)) {
      step.take(Math.min(step.at, at));
    }
  }

  const book: OrderBook = {
    lists,
    departures,
    imported,
    agenda,
    holdings,
    builder,
    lifecycle,
    stranger,
    attributes,
    enter(list, order, done) {
      list.add(order);
      if (done) {
        hurry(order);
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
      return book.enter(lists.numbersAssignment, order, wanted.done || atOnce);
    },
    read(order) {
      const soFar = reads.get(order);
      if (soFar === undefined || 'ms' in pace) {
        return;
      }
      reads.set(order, soFar + 1);
      if (soFar + 1 >= pace.reads) {
        hurry(order);
        reads.delete(order);
      } else if (order.status === 'RECEIVED') {
        const at = clock.now().getTime();
        const step = agenda.dueFor(order);
        step?.take(Math.min(step.at, at));
      }
    },
    depart: (telephoneNumber, at) => void departures.set(telephoneNumber, { at, orderId: undefined }),
    orderDateOf: ({ orderDate }) => (orderDate ?? clock.now()).getTime(),
  };
  return book;
}

const shares = { orders: 10, disconnects: 30, portins: 100, portouts: 200, assignments: 100 } as const;
const usualOpenShare = 0.02;

function amountsFor(numbers: number, given: OrderAmounts): Required<OrderAmounts> {
  const usual = (name: keyof typeof shares) => given[name] ?? Math.ceil(numbers / shares[name]);
  return {
    orders: usual('orders'),
    disconnects: usual('disconnects'),
    portins: usual('portins'),
    portouts: usual('portouts'),
    assignments: usual('assignments'),
    imports: given.imports ?? 0,
    open: given.open ?? usualOpenShare,
  };
}

/** The key of a number that an order may bring: the sandbox must know a place or a country for it. */
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
  throw new LedgerError(`The sandbox can't order ${telephoneNumber}: it has no place for it. Nothing was changed.`, {
    hint: `Take a number of an office code that the sandbox knows, such as ${textOf(book.stranger())}, or only say how many.`,
  });
}
