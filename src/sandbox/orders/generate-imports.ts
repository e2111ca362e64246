import { isNanp, isTollFree, textOf } from '../number-key.js';
import type { Arrival, Workshop } from './generate.js';
import { customerOrderIdOf } from './order-attributes.js';
import { endImport } from './outcomes.js';
import type { SandboxImportOrder, SandboxRemoval } from './truth.js';

const hour = 3_600_000;
const day = 24 * hour;

export interface ImportsToMake {
  count: number;
  present: readonly Arrival[];
}

/**
 * Imports of the past. Each brought one of the numbers that the account holds; one in three names a number too that failed, and one
 * in two another that was removed from the account again.
 */
export function generateImports(
  { draw, builder, stranger, imported, until }: Workshop,
  { count, present }: ImportsToMake,
): { imports: SandboxImportOrder[]; removals: SandboxRemoval[] } {
  const importable = present.filter(({ key, ported }) => isNanp(key) && !isTollFree(key) && !ported);
  const imports: SandboxImportOrder[] = [];
  const removals: SandboxRemoval[] = [];
  for (let i = 0; i < count && importable.length > 0; i++) {
    const [arrival] = importable.splice(draw.below(importable.length), 1) as [Arrival];
    arrival.ported = true;
    const number = textOf(arrival.key);
    const removed = i % 2 === 1 ? [textOf(stranger())] : [];
    const failed = i % 3 === 2 ? [textOf(stranger())] : [];
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
