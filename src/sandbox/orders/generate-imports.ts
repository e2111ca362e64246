import { isNanp, isTollFree, textOf } from '../number-key.js';
import type { Arrival, GenerationContext } from './generation-context.js';
import { customerOrderIdOf } from './order-attributes.js';
import type { SandboxExternalOrder, SandboxImportOrder, SandboxRemoval } from './order-types.js';
import { endImport } from './outcomes.js';

const hour = 3_600_000;
const day = 24 * hour;

export interface ImportsToMake {
  count: number;
  present: readonly Arrival[];
}

/**
 * Past imports. Each imports one of the numbers on the account. One in three also names a number that failed, and one
 * in two names a number that was later removed from the account.
 */
export function generateImports(
  { draw, builder, unusedNumber, imported, until }: GenerationContext,
  { count, present }: ImportsToMake,
): { imports: SandboxImportOrder[]; removals: SandboxRemoval[] } {
  const importable = importableOf(present);
  const imports: SandboxImportOrder[] = [];
  const removals: SandboxRemoval[] = [];
  for (let i = 0; i < count && importable.length > 0; i++) {
    const [arrival] = importable.splice(draw.below(importable.length), 1) as [Arrival];
    arrival.ported = true;
    const number = textOf(arrival.key);
    const removed = i % 2 === 1 ? [textOf(unusedNumber())] : [];
    const failed = i % 3 === 2 ? [textOf(unusedNumber())] : [];
    const order = builder.importOrder({
      orderDate: arrival.at - 2 * hour,
      numbers: [number, ...removed, ...failed],
      customerOrderId: customerOrderIdOf(draw),
    });
    endImport(order, (each) => !failed.includes(each));
    order.lastModifiedDate = new Date(arrival.at);
    imported.add(number);
    imports.push(order);
    if (removed.length > 0) {
      const orderDate = Math.min(arrival.at + day + draw.below(300 * day), until);
      const removal = builder.removal({ orderDate, numbers: removed, customerOrderId: customerOrderIdOf(draw) });
      endImport(removal, () => true);
      removal.lastModifiedDate = new Date(orderDate + 2 * hour);
      removals.push(removal);
    }
  }
  return { imports, removals };
}

/**
 * Past external number orders. Each imports one of the numbers on the account. One in two also names a number that
 * another one removed later, and one in three a number that failed. One in four imports its number again, which resets it.
 */
export function generateExternals(
  { draw, builder, unusedNumber, imported, until }: GenerationContext,
  { count, present }: ImportsToMake,
): SandboxExternalOrder[] {
  const importable = importableOf(present);
  const orders: SandboxExternalOrder[] = [];
  const place = (action: SandboxExternalOrder['action'], at: number, numbers: string[], failed: string[] = []) => {
    const order = builder.external({
      ...{ action, numbers: [...numbers, ...failed] },
      ...{ orderDate: at - 2 * hour, customerOrderId: customerOrderIdOf(draw) },
    });
    endImport(order, (each) => !failed.includes(each));
    order.lastModifiedDate = new Date(at);
    orders.push(order);
  };
  for (let i = 0; i < count && importable.length > 0; i++) {
    const [arrival] = importable.splice(draw.below(importable.length), 1) as [Arrival];
    arrival.ported = true;
    const number = textOf(arrival.key);
    const removed = i % 2 === 1 ? [textOf(unusedNumber())] : [];
    const failed = i % 3 === 2 ? [textOf(unusedNumber())] : [];
    const later = () => Math.min(arrival.at + day + draw.below(300 * day), until);
    place('IMPORT', arrival.at, [number, ...removed], failed);
    if (removed.length > 0) place('REMOVE', later(), removed);
    if (i % 4 === 3) place('IMPORT', later(), [number]);
    imported.add(number);
  }
  return orders;
}

function importableOf(present: readonly Arrival[]): Arrival[] {
  return present.filter(({ key, ported }) => isNanp(key) && !isTollFree(key) && !ported);
}
