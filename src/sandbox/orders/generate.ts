import type { NumberRow, Quirk } from '../number.js';
import type { NumberOrder } from './build.js';
import { generateAssignments } from './generate-assignments.js';
import { type GeneratedDisconnects, generateDisconnects } from './generate-disconnects.js';
import { generateExternals, generateImports } from './generate-imports.js';
import { generateNumberOrders } from './generate-number-orders.js';
import { generatePortIns, generatePortOuts } from './generate-ports.js';
import type { Arrival, GenerationContext } from './generation-context.js';
import type { OrderAmounts } from './interface.js';
import type { Departure } from './lifecycle.js';
import type {
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxExternalOrder,
  SandboxImportOrder,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './order-types.js';

export interface Generation extends Omit<GenerationContext, 'attributes'> {
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
  externals: SandboxExternalOrder[];
}

/**
 * Generates the order history of an account so that it leads to the numbers on the account. Each number arrived by a
 * number order, port-in or import on its in-service date. Numbers removed by disconnect orders and port-outs arrived
 * the same way earlier and are no longer on the account. Numbers in status Aging were disconnected when they last
 * changed. The same seed and amounts give the same orders. The next steps of open orders are after `now`.
 */
export function generate(generation: Generation): Generated {
  const { keys, quirks, amounts, attributes, departures } = generation;
  const held: Arrival[] = Array.from(keys, (key) => {
    const row = attributes(key, quirks.get(key));
    // If a number has no in-service date, the seed determines its arrival.
    const at = row.inServiceDate ?? (attributes(key).inServiceDate as number);
    const left = quirks.get(key) === 'aging' ? row.lastModified : undefined;
    return { key, at, left, aging: left !== undefined, ported: false };
  });
  const context: GenerationContext = generation;
  const present = held.filter((arrival) => !arrival.aging);
  const counts = (amount: number, openShare: number) => {
    const open = openShare === 0 ? 0 : Math.min(amount, Math.max(amount >= 10 ? 1 : 0, Math.round(amount * openShare)));
    return { open, done: amount - open };
  };
  const { open } = amounts;
  const disconnects: GeneratedDisconnects = generateDisconnects(context, {
    ...counts(amounts.disconnects, open),
    aging: held.filter((arrival) => arrival.aging),
    present,
    departures,
  });
  const portOuts = generatePortOuts(context, { ...counts(amounts.portouts, open), present });
  const gone = [...disconnects.gone, ...portOuts.gone];
  // Port-ins take weeks and number orders take hours, so five times as many port-ins are open.
  const portIns = generatePortIns(context, { ...counts(amounts.portins, Math.min(1, 5 * open)), present, gone });
  const { imports, removals } = generateImports(context, { count: amounts.imports, present });
  const externals = generateExternals(context, { count: amounts.externals, present });
  const arrivals = [...held, ...gone].sort((a, b) => a.at - b.at || a.key - b.key);
  const numberOrders = counts(amounts.orders, open);
  // At least one order must be done, for the numbers that no port-in delivered.
  const openOrders = Math.min(numberOrders.open, Math.max(0, amounts.orders - 1));
  const orders = generateNumberOrders(context, { done: amounts.orders - openOrders, open: openOrders, arrivals });
  const assignments = generateAssignments(context, { ...counts(amounts.assignments, open), arrivals, present });
  return {
    orders,
    disconnects: disconnects.orders,
    portIns,
    portOuts: portOuts.orders,
    assignments,
    imports,
    removals,
    externals,
  };
}
