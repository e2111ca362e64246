import { textOf } from '../number-key.js';
import type { NumberOrder } from './build.js';
import type { Arrival, GenerationContext } from './generation-context.js';
import { customerOrderIdOf, existingNumbers } from './order-attributes.js';
import { countNumbers } from './outcomes.js';

const day = 86_400_000;

export interface NumberOrdersToMake {
  done: number;
  open: number;
  /** All numbers that ever arrived, by arrival time. */
  arrivals: readonly Arrival[];
}

export function generateNumberOrders(
  context: GenerationContext,
  { done, open, arrivals }: NumberOrdersToMake,
): NumberOrder[] {
  const { draw, builder, lifecycle, unusedNumber, from, until, now } = context;
  if (done + open === 0) {
    return [];
  }
  const ordered = arrivals.filter(({ ported }) => !ported);
  const emptyOrders = Math.round(done * 0.09);
  const groups = groupsOf(ordered, Math.min(ordered.length, Math.max(1, done - emptyOrders)), context);
  const backordered = Math.min(Math.floor(open / 2), groups.length);
  const orders = groups.map((group, i) => {
    const isOpen = backordered > 0 && i % Math.ceil(groups.length / backordered) === 0;
    return isOpen ? stillOpen(group) : filled(group);
  });
  while (orders.length < done + backordered) {
    orders.push(emptyOrder());
  }
  for (let i = backordered; i < open; i++) {
    const keys = Array.from({ length: draw.size(3, 50) }, unusedNumber);
    const order = builder.order({ orderDate: now - draw.below(3_600_000), keys, backOrder: i % 2 === 0 });
    lifecycle.order(order, { start: now, parts: i % 2 === 0 ? 3 : 1, outcome: i % 3 === 2 ? 'PARTIAL' : 'COMPLETE' });
    orders.push(order);
  }
  return orders;

  function newOrder(group: readonly Arrival[], more: number): NumberOrder {
    const first = group[0] as Arrival;
    const last = group.at(-1) as Arrival;
    const order = builder.order({
      orderDate: first.at - 1000 - draw.below(600_000),
      keys: group.map(({ key }) => key),
      backOrder: more > 0 || last.at - first.at > 3 * day,
      customerOrderId: customerOrderIdOf(draw),
    });
    for (const [i, number] of order.numbers.entries()) {
      number.outcome = 'COMPLETED';
      number.inServiceDate = new Date((group[i] as Arrival).at);
    }
    return order;
  }

  /** A finished order: COMPLETE, or PARTIAL if fewer numbers arrived than requested. */
  function filled(group: readonly Arrival[]): NumberOrder {
    const order = newOrder(group, 0);
    const missing = draw.percent(6) ? draw.size(2, 20) : 0;
    order.quantity += missing;
    if (order.search.type === existingNumbers) {
      for (let i = 0; i < missing; i++) {
        order.numbers.push({ telephoneNumber: textOf(unusedNumber()), outcome: 'FAILED', inServiceDate: undefined });
      }
    }
    const at = (group.at(-1) as Arrival).at + draw.below(1000);
    countNumbers(order, at);
    order.lastModifiedDate = new Date(at);
    return order;
  }

  /** An open back-order that still receives numbers. */
  function stillOpen(group: readonly Arrival[]): NumberOrder {
    const more = 2 + draw.below(5);
    const order = newOrder(group, more);
    order.quantity += more;
    for (let i = 0; i < more; i++) {
      order.numbers.push({ telephoneNumber: textOf(unusedNumber()), outcome: 'PENDING', inServiceDate: undefined });
    }
    order.status = 'BACKORDERED';
    countNumbers(order, now);
    order.lastModifiedDate = new Date((group.at(-1) as Arrival).at);
    // Every third one receives no more numbers and stays open.
    if (!draw.percent(33)) {
      lifecycle.order(order, { start: now, parts: 2, outcome: 'COMPLETE' });
    }
    return order;
  }

  /** An order that delivered no numbers. */
  function emptyOrder(): NumberOrder {
    const orderDate = draw.time(from, until);
    const order = builder.order({ orderDate, keys: [unusedNumber()], backOrder: false });
    order.numbers = order.search.type === existingNumbers ? order.numbers : [];
    for (const number of order.numbers) {
      number.outcome = 'FAILED';
    }
    const at = orderDate + 500 + draw.below(5000);
    countNumbers(order, at);
    if (draw.percent(10)) {
      order.status = 'CANCELLED';
      order.failedQuantity = 0;
    }
    order.lastModifiedDate = new Date(at);
    return order;
  }
}

/** Splits numbers, in order of arrival, into `count` nonempty groups. */
function groupsOf(arrivals: readonly Arrival[], count: number, { draw }: GenerationContext): Arrival[][] {
  const groups: Arrival[][] = [];
  let cuts = count - 1;
  let group: Arrival[] = [];
  for (const [i, arrival] of arrivals.entries()) {
    // Every remaining position is equally likely to be a boundary.
    if (i > 0 && draw.below(arrivals.length - i) < cuts) {
      groups.push(group);
      group = [];
      cuts--;
    }
    group.push(arrival);
  }
  return group.length === 0 ? groups : [...groups, group];
}
