import { isNanp, isTollFree, textOf } from '../number-key.js';
import { wholeSeconds } from './build.js';
import { type Arrival, type GenerationContext, textsOf } from './generation-context.js';
import type { PlacePortIn } from './interface.js';
import { customerOrderIdOf } from './order-attributes.js';
import type { SandboxPortIn, SandboxPortOut } from './order-types.js';

const day = 86_400_000;

export interface PortInsToMake {
  done: number;
  open: number;
  present: readonly Arrival[];
  /** Numbers that later left. Some of them arrived with a port-in, which sets their arrival date. */
  gone: Arrival[];
}

/** Outcomes, in turn, of the port-ins that are open when the sandbox starts. Two of seven stay in EXCEPTION. */
const openOutcomes: readonly NonNullable<PlacePortIn['outcome']>[] = [
  'EXCEPTION',
  'DRAFT',
  'COMPLETE',
  'SUBMITTED',
  'EXCEPTION',
  'PENDING_DOCUMENTS',
  'CANCELLED',
];

export function generatePortIns(
  context: GenerationContext,
  { done, open, present, gone }: PortInsToMake,
): SandboxPortIn[] {
  const { draw, builder, lifecycle, unusedNumber, now } = context;
  const portable = present.filter(({ key }) => isNanp(key) && !isTollFree(key));
  const leftLast = gone.toSorted((a, b) => (a.left as number) - (b.left as number));
  const orders: SandboxPortIn[] = [];

  /** Numbers that were ported in together with another number and left at least a day later. */
  function companions(at: number): Arrival[] {
    const found: Arrival[] = [];
    for (let tries = draw.below(5); tries > 0 && leftLast.length > 0; tries--) {
      const arrival = draw.of(leftLast);
      if (!arrival.ported && (arrival.left as number) > at + day) {
        arrival.ported = true;
        arrival.at = at;
        found.push(arrival);
      }
    }
    return found;
  }

  for (let i = 0; i < done; i++) {
    const first = portable.length === 0 ? undefined : draw.of(portable);
    const customerOrderId = customerOrderIdOf(draw);
    if (first === undefined || first.ported || draw.percent(12)) {
      const orderDate = draw.time(context.from, context.until - 30 * day);
      const numbers = Array.from({ length: draw.size(2, 10) }, () => textOf(unusedNumber()));
      const order = builder.portIn({ orderDate, numbers, customerOrderId });
      order.status = 'CANCELLED';
      order.lastModifiedDate = new Date(orderDate + day + draw.below(20 * day));
      orders.push(order);
      continue;
    }
    first.ported = true;
    const numbers = textsOf([first, ...companions(first.at)]);
    const orderDate = first.at - 3 * day - draw.below(14 * day);
    const order = builder.portIn({ orderDate, numbers, customerOrderId });
    order.status = 'COMPLETE';
    order.requestedFocDate = new Date(first.at - draw.below(3) * day);
    order.actualFocDate = new Date(first.at);
    order.lastModifiedDate = new Date(first.at + draw.below(600_000));
    orders.push(order);
  }
  for (let i = 0; i < open; i++) {
    const outcome = openOutcomes[i % openOutcomes.length] as (typeof openOutcomes)[number];
    const stuck = outcome === 'EXCEPTION' && i % 2 === 0;
    const orderDate = stuck ? now - draw.time(10 * day, 400 * day) : now - draw.below(3_600_000);
    const numbers = Array.from({ length: draw.size(3, 30) }, () => textOf(unusedNumber()));
    const order = builder.portIn({ orderDate, numbers, customerOrderId: customerOrderIdOf(draw) });
    if (stuck) {
      order.status = 'EXCEPTION';
      order.lastModifiedDate = new Date(orderDate + day);
      const description = 'Rate Center Not Present in Bandwidth Dashboard';
      order.errors = [{ code: '7331', description, telephoneNumbers: numbers.slice(0, 2) }];
    } else {
      order.requestedFocDate = new Date(wholeSeconds(now + 3 * day));
      lifecycle.portIn(order, { start: now, outcome });
    }
    orders.push(order);
  }
  return orders;
}

export interface PortOutsToMake {
  done: number;
  open: number;
  present: readonly Arrival[];
}

export function generatePortOuts(
  context: GenerationContext,
  { done, open, present }: PortOutsToMake,
): { orders: SandboxPortOut[]; gone: Arrival[] } {
  const { draw, builder, lifecycle, unusedNumber, from, until, now } = context;
  const orders: SandboxPortOut[] = [];
  const gone: Arrival[] = [];
  for (let i = 0; i < done; i++) {
    const orderDate = draw.time(from + 30 * day, until - 4 * day);
    if (present.length > 0 && draw.percent(15)) {
      const order = builder.portOut({ orderDate, number: textOf(draw.of(present).key) });
      order.status = 'CANCELLED';
      order.countOfTns = 1;
      order.lastModifiedDate = new Date(orderDate + draw.below(day));
      orders.push(order);
      continue;
    }
    const left = wholeSeconds(orderDate + day + draw.below(2 * day));
    const arrival = { key: unusedNumber(), at: wholeSeconds(draw.time(from, orderDate - day)), left, ported: false };
    const order = builder.portOut({ orderDate, number: textOf(arrival.key) });
    order.status = 'COMPLETE';
    order.countOfTns = 1;
    order.actualFocDate = new Date(left);
    order.lastModifiedDate = new Date(left + draw.below(60_000));
    order.errorCode = '200';
    order.errorMessage = 'Port out successful.';
    gone.push(arrival);
    orders.push(order);
  }
  for (let i = 0; i < open && present.length > 0; i++) {
    const order = builder.portOut({ orderDate: now - draw.below(3_600_000), number: textOf(draw.of(present).key) });
    lifecycle.portOut(order, { start: now, outcome: i % 3 === 2 ? 'CANCELLED' : 'COMPLETE' });
    orders.push(order);
  }
  return { orders, gone };
}
