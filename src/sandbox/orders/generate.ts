import type { NumberRow, Quirk } from '../number.js';
import { textOf } from '../number-key.js';
import type { Builder, NumberOrder } from './build.js';
import type { Draw } from './draw.js';
import { generateAssignments } from './generate-assignments.js';
import { type GeneratedDisconnects, generateDisconnects } from './generate-disconnects.js';
import { generateImports } from './generate-imports.js';
import { generateNumberOrders } from './generate-number-orders.js';
import { generatePortIns, generatePortOuts } from './generate-ports.js';
import type { OrderAmounts } from './interface.js';
import type { Departure, Lifecycle } from './lifecycle.js';
import type {
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxImportOrder,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './truth.js';

/** A number that came to the account; `left` where it went again. */
export interface Arrival {
  key: number;
  at: number;
  left: number | undefined;
  /** It left, but `/tns` still names it. */
  aging?: boolean;
  /** Brought by a port-in or an import; else by a number order. */
  ported: boolean;
}

/** What all kinds of orders are made from. Times are epoch milliseconds. */
export interface Workshop {
  draw: Draw;
  builder: Builder;
  lifecycle: Lifecycle;
  /** Attributes of a number as they were when the sandbox started. */
  attributes(key: number): NumberRow;
  /** A number that the account doesn't hold and never held. */
  stranger(): number;
  /** Numbers that are imported now. */
  imported: Set<string>;
  /** The years over which orders are spread, and when the sandbox started, which is never before their end. */
  from: number;
  until: number;
  now: number;
}

export interface Generation extends Omit<Workshop, 'attributes'> {
  attributes(key: number, quirk?: Quirk): NumberRow;
  keys: Float64Array;
  quirks: ReadonlyMap<number, Quirk>;
  amounts: Required<OrderAmounts>;
  departures: Map<string, Departure>;
}

export interface Generated {
  orders: NumberOrder[];
  disconnects: SandboxDisconnect[];
  portIns: SandboxPortIn[];
  portOuts: SandboxPortOut[];
  assignments: SandboxAssignmentOrder[];
  imports: SandboxImportOrder[];
  removals: SandboxRemoval[];
}

/**
 * Makes up the past of an account so that it leads to the numbers that it holds: each of them came by a number order or a
 * port-in or an import, on the day that it is in service since; each one that disconnect orders and port-outs took away came so
 * before, and is none of those it holds; numbers in status Aging were disconnected when they last changed.
 * The same seed and amounts give the same orders. Those that are still open have their next steps after `now`.
 */
export function generate(generation: Generation): Generated {
  const { keys, quirks, amounts, attributes, departures } = generation;
  const held: Arrival[] = Array.from(keys, (key) => {
    const row = attributes(key, quirks.get(key));
    // The date of a number that tells none follows from the seed all the same.
    const at = row.inServiceDate ?? (attributes(key).inServiceDate as number);
    const left = quirks.get(key) === 'aging' ? row.lastModified : undefined;
    return { key, at, left, aging: left !== undefined, ported: false };
  });
  const workshop: Workshop = generation;
  const present = held.filter((arrival) => !arrival.aging);
  const counts = (amount: number, openShare: number) => {
    const open = openShare === 0 ? 0 : Math.min(amount, Math.max(amount >= 10 ? 1 : 0, Math.round(amount * openShare)));
    return { open, done: amount - open };
  };
  const { open } = amounts;
  const disconnects: GeneratedDisconnects = generateDisconnects(workshop, {
    ...counts(amounts.disconnects, open),
    aging: held.filter((arrival) => arrival.aging),
    present,
    departures,
  });
  const portOuts = generatePortOuts(workshop, { ...counts(amounts.portouts, open), present });
  const gone = [...disconnects.gone, ...portOuts.gone];
  // Port-ins take weeks where number orders take hours: five times as many of them are on their way.
  const portIns = generatePortIns(workshop, { ...counts(amounts.portins, Math.min(1, 5 * open)), present, gone });
  const { imports, removals } = generateImports(workshop, { count: amounts.imports, present });
  const arrivals = [...held, ...gone].sort((a, b) => a.at - b.at || a.key - b.key);
  const numberOrders = counts(amounts.orders, open);
  // One order at least must be done, to have brought the numbers that no port-in brought.
  const openOrders = Math.min(numberOrders.open, Math.max(0, amounts.orders - 1));
  const orders = generateNumberOrders(workshop, { done: amounts.orders - openOrders, open: openOrders, arrivals });
  const assignments = generateAssignments(workshop, { ...counts(amounts.assignments, open), arrivals, present });
  return {
    orders,
    disconnects: disconnects.orders,
    portIns,
    portOuts: portOuts.orders,
    assignments,
    imports,
    removals,
  };
}

export function textsOf(arrivals: readonly { key: number }[]): string[] {
  return arrivals.map(({ key }) => textOf(key));
}
