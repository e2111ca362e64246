import { textOf } from '../number-key.js';
import { touchDisconnect, wholeSeconds } from './build.js';
import { type Arrival, type GenerationContext, textsOf } from './generation-context.js';
import type { Departure } from './lifecycle.js';
import { customerOrderIdOf } from './order-attributes.js';
import type { SandboxDisconnect } from './order-types.js';
import { endDisconnect } from './outcomes.js';

const day = 86_400_000;
const meanSize = 3;

export interface GeneratedDisconnects {
  orders: SandboxDisconnect[];
  /** The numbers that they removed permanently. */
  gone: Arrival[];
}

export interface DisconnectsToMake {
  done: number;
  open: number;
  /** Numbers that the account still holds as Aging. Each has its own order, while orders last. */
  aging: readonly Arrival[];
  present: readonly Arrival[];
  departures: Map<string, Departure>;
}

export function generateDisconnects(context: GenerationContext, wanted: DisconnectsToMake): GeneratedDisconnects {
  const { draw, builder, lifecycle, unusedNumber, from, until, now } = context;
  const { present, departures } = wanted;
  const orders: SandboxDisconnect[] = [];
  const gone: Arrival[] = [];

  function end(order: SandboxDisconnect, at: number, leaving: ReadonlySet<string>): void {
    touchDisconnect(order, at);
    endDisconnect(order, (telephoneNumber) => leaving.has(telephoneNumber));
    for (const telephoneNumber of leaving) {
      departures.set(telephoneNumber, { at: order.orderDate.getTime(), orderId: order.orderId });
    }
    orders.push(order);
  }

  const aging = wanted.aging.slice(0, wanted.done);
  for (const { key, left = now } of aging) {
    const number = textOf(key);
    const orderDate = left - draw.below(60_000);
    const order = builder.disconnect({ orderDate, keys: [number], customerOrderId: customerOrderIdOf(draw) });
    end(order, left, new Set([number]));
  }
  for (let i = aging.length; i < wanted.done; i++) {
    const orderDate = draw.time(from + 30 * day, until - day);
    const leaving: Arrival[] = [];
    if (!draw.percent(4)) {
      for (let left = draw.size(meanSize, 500); left > 0; left--) {
        const at = wholeSeconds(draw.time(from, orderDate - day));
        leaving.push({ key: unusedNumber(), at, left: orderDate, ported: false });
      }
    }
    const unknown = leaving.length === 0 || draw.percent(5) ? [{ key: unusedNumber() }] : [];
    const order = builder.disconnect({
      orderDate,
      keys: textsOf([...leaving, ...unknown]),
      customerOrderId: customerOrderIdOf(draw),
    });
    end(order, orderDate + 2000 + draw.below(3_600_000), new Set(textsOf(leaving)));
    gone.push(...leaving);
  }
  for (let i = 0; i < wanted.open && present.length > 0; i++) {
    const keys = textsOf([...new Set(Array.from({ length: draw.size(meanSize, 20) }, () => draw.of(present)))]);
    const order = builder.disconnect({ orderDate: now - draw.below(3_600_000), keys });
    lifecycle.disconnect(order, { start: now, aging: draw.percent(50) });
    orders.push(order);
  }
  return { orders, gone };
}
