import type { SandboxClock } from './clock.js';
import { hash, hashText } from './hash.js';
import type { Inventory } from './inventory.js';
import { textOf } from './number-key.js';
import { createDraw } from './orders/draw.js';
import { customerOrderIdOf, userOf } from './orders/order-attributes.js';
import { orderId } from './orders/order-id.js';
import type { PersonalData, SandboxAssignmentNumber, SandboxOrderBase, WorkOrderStatus } from './orders/order-types.js';
import { endOf } from './orders/outcomes.js';
import { personalData } from './orders/personal-data.js';

/** An order that changes a feature of numbers. It never adds or removes numbers. */
export interface SandboxFeatureOrder extends SandboxOrderBase {
  status: WorkOrderStatus;
  /** Undefined while the order is open. */
  completedDate: Date | undefined;
  numbers: SandboxAssignmentNumber[];
  personal: PersonalData;
}

/** The feature orders of one account, by path segment of their resource. */
export interface FeatureOrders {
  /** Copies of the orders at the current clock time, newest first. */
  featureOrders(segment: string): SandboxFeatureOrder[];
  /** Places an order at the current clock time. The numbers in `failing` will fail. */
  placeFeatureOrder(segment: string, numbers: readonly string[], failing?: readonly string[]): void;
}

export interface FeatureOrdersOptions {
  seed: number;
  /** How many orders of each resource the account starts with. */
  count: number;
  inventory: Inventory;
  clock: SandboxClock;
  /**
   * The time range of the orders, in epoch milliseconds. Every tenth order is placed when the sandbox starts, so it is
   * still open.
   */
  from: number;
  until: number;
}

interface PlacedOrder extends SandboxOrderBase {
  numbers: readonly string[];
  failing: readonly string[];
  personal: PersonalData;
}

/** An order is PROCESSING after one hour, and ends after two. */
const hour = 3_600_000;
const salt = 241;
const failure = { errorCode: '5076', errorDescription: 'Telephone number is not available.' };

export function createFeatureOrders(options: FeatureOrdersOptions): FeatureOrders {
  const { clock, inventory, seed, count, from, until } = options;
  const started = clock.now().getTime();
  const placed = new Map<string, PlacedOrder[]>();

  function make(
    segment: string,
    n: number,
    given: Pick<PlacedOrder, 'numbers' | 'failing'> & { at: number },
  ): PlacedOrder {
    const own = hash(seed, hashText(salt, segment));
    const draw = createDraw(salt + 1, hash(own, n));
    return {
      orderId: orderId(own, 'orders', n),
      customerOrderId: customerOrderIdOf(draw),
      orderDate: new Date(given.at),
      lastModifiedDate: new Date(given.at),
      userId: userOf(draw),
      numbers: given.numbers,
      failing: given.failing,
      personal: personalData(own, n, true),
    };
  }

  /** Generates the initial orders of the account when they are first requested. */
  function ordersOf(segment: string): PlacedOrder[] {
    const known = placed.get(segment);
    if (known !== undefined) return known;
    const draw = createDraw(salt, hash(seed, hashText(salt, segment)));
    const keys = [...inventory.keys];
    const made: PlacedOrder[] = [];
    for (let n = 0; n < count && keys.length > 0; n += 1) {
      const numbers = [...new Set(Array.from({ length: draw.size(3, 20) }, () => textOf(draw.of(keys))))];
      // Most orders succeed for all numbers, some for none.
      const failing = draw.percent(70) ? [] : numbers.filter(() => draw.percent(60));
      made.push(make(segment, n, { at: n % 10 === 9 ? started : draw.time(from, until), numbers, failing }));
    }
    placed.set(segment, made);
    return made;
  }

  return {
    featureOrders: (segment) =>
      ordersOf(segment)
        .map((order) => asOf(order, clock.now().getTime()))
        .sort((a, b) => b.orderDate.getTime() - a.orderDate.getTime() || (a.orderId < b.orderId ? -1 : 1)),
    placeFeatureOrder(segment, numbers, failing = []) {
      const orders = ordersOf(segment);
      orders.push(make(segment, orders.length, { at: clock.now().getTime(), numbers, failing }));
    },
  };
}

/** One E911 order in four is for endpoints, and names no numbers. The last hexadecimal digit of its ID decides. */
export function isForEndpoints(segment: string, { orderId }: Pick<SandboxOrderBase, 'orderId'>): boolean {
  return segment === 'e911s' && Number.parseInt(orderId.slice(-1), 16) % 4 === 0;
}

function asOf({ numbers, failing, ...order }: PlacedOrder, now: number): SandboxFeatureOrder {
  const at = order.orderDate.getTime();
  const isOpen = now < at + 2 * hour;
  const changed = isOpen ? (now < at + hour ? at : at + hour) : at + 2 * hour;
  const failed = numbers.filter((number) => failing.includes(number)).length;
  const open = changed === at ? 'RECEIVED' : 'PROCESSING';
  return {
    ...order,
    lastModifiedDate: new Date(changed),
    completedDate: isOpen ? undefined : new Date(changed),
    status: isOpen ? open : endOf(numbers.length - failed, failed),
    numbers: numbers.map((telephoneNumber) => {
      const none = { errorCode: undefined, errorDescription: undefined };
      if (isOpen) return { telephoneNumber, outcome: undefined, ...none };
      return failing.includes(telephoneNumber)
        ? { telephoneNumber, outcome: 'FAILED', ...failure }
        : { telephoneNumber, outcome: 'ACCEPTED', ...none };
    }),
  };
}
