import { aging, inService } from '../number.js';
import { keyOf, textOf } from '../number-key.js';
import { type Arrival, type GenerationContext, textsOf } from './generation-context.js';
import { customerOrderIdOf } from './order-attributes.js';
import type { SandboxAssignmentOrder } from './order-types.js';
import { assignmentError, endAssignment } from './outcomes.js';

const day = 86_400_000;
const meanSize = 30;
/** How long assignment orders take that are open when the sandbox starts. */
const openDuration = 7_200_000;

export interface AssignmentsToMake {
  done: number;
  open: number;
  /** All numbers that ever arrived, by arrival time. */
  arrivals: readonly Arrival[];
  present: readonly Arrival[];
}

/**
 * Past assignment orders. Each names consecutive arrivals; three of four orders assign them. One in ten also names
 * numbers that had left by then, and one in twenty names an Aging number or one that was never on the account. These
 * numbers fail.
 */
export function generateAssignments(context: GenerationContext, wanted: AssignmentsToMake): SandboxAssignmentOrder[] {
  const { draw, builder, lifecycle, unusedNumber, imported, from, until, now } = context;
  const { arrivals, present, done, open } = wanted;
  const byKey = new Map(arrivals.map((arrival) => [arrival.key, arrival]));
  const returned = arrivals.filter(({ aging: isAging }) => isAging);
  const orders: SandboxAssignmentOrder[] = [];

  function statusAt(telephoneNumber: string, at: number): string | undefined {
    const arrival = byKey.get(keyOf(telephoneNumber) as number);
    if (arrival === undefined || arrival.at > at) {
      return undefined;
    }
    if (arrival.left === undefined || arrival.left > at) {
      return inService;
    }
    return arrival.aging ? aging : undefined;
  }

  for (let i = 0; i < done; i++) {
    const orderDate = draw.time(from + 60 * day, until);
    const there = countBefore(arrivals, orderDate);
    const size = draw.size(meanSize, 400);
    const first = draw.below(Math.max(1, there - size));
    const near = arrivals.slice(first, Math.min(there, first + size));
    const careless = draw.percent(10);
    const named = textsOf(near.filter(({ left }) => careless || left === undefined || left > orderDate));
    const aged = i % 2 === 0 ? returned.find(({ left = until }) => left < orderDate) : undefined;
    const wrong = named.length === 0 || draw.percent(5) ? [textOf(aged?.key ?? unusedNumber())] : [];
    const order = builder.assignment({
      orderDate,
      action: draw.percent(75) ? 'ASSIGN' : 'UNASSIGN',
      numbers: draw.percent(2) ? [textOf(unusedNumber())] : [...new Set([...named, ...wrong])],
      customerOrderId: customerOrderIdOf(draw),
    });
    endAssignment(order, (number) => assignmentError(number, statusAt(number, orderDate), imported.has(number)));
    order.lastModifiedDate = new Date(orderDate + 500 + draw.below(60_000));
    orders.push(order);
  }
  for (let i = 0; i < open && present.length > 0; i++) {
    const numbers = textsOf([...new Set(Array.from({ length: draw.size(meanSize, 400) }, () => draw.of(present)))]);
    const order = builder.assignment({
      orderDate: now - draw.below(3_600_000),
      action: i % 3 === 2 ? 'UNASSIGN' : 'ASSIGN',
      numbers,
      customerOrderId: customerOrderIdOf(draw),
    });
    lifecycle.assignment(order, { start: now, duration: openDuration });
    orders.push(order);
  }
  return orders;
}

function countBefore(arrivals: readonly Arrival[], at: number): number {
  let low = 0;
  let high = arrivals.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((arrivals[middle] as Arrival).at < at) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
