import { LedgerError } from '../../errors.js';
import type { OrderLists } from './book.js';
import type { OrderQuirk } from './interface.js';
import type { OrderKind, SandboxOrderBase } from './truth.js';

/** The id that the quirk `odd-id` gives to an order. */
export const oddId = "a/b?c'; drop table";

const ends = ['COMPLETE', 'PARTIAL'];

/** Which quirks of which lists are switched on, and which order each befalls. */
export interface Misbehaviour {
  set(kind: OrderKind, quirks: readonly OrderQuirk[], lists: OrderLists): Partial<Record<OrderQuirk, string>>;
  repeats(kind: OrderKind): boolean;
  befalls(kind: OrderKind, quirk: OrderQuirk, order: SandboxOrderBase): boolean;
  /** The id under which the API knows an order. */
  idOf(kind: OrderKind, order: SandboxOrderBase): string;
  /** The true id of an order that the API was asked for; undefined if it knows none by that id. */
  trueId(kind: OrderKind, id: string): string | undefined;
  /** The numbers of an order as the API names them. */
  numbersOf(kind: OrderKind, order: SandboxOrderBase, numbers: readonly string[]): readonly string[];
}

export function createMisbehaviour(): Misbehaviour {
  const victims = new Map<OrderKind, Partial<Record<OrderQuirk, string>>>();
  const repeating = new Set<OrderKind>();

  const befalls = (kind: OrderKind, quirk: OrderQuirk, { orderId }: SandboxOrderBase) =>
    victims.get(kind)?.[quirk] === orderId;

  return {
    set(kind, quirks, lists) {
      const able = (lists[kind].all as ReadonlyArray<SandboxOrderBase & { status: string }>).filter(({ status }) =>
        ends.includes(status),
      );
      const single = quirks.filter((quirk) => quirk !== 'repeated');
      if (able.length < single.length) {
        throw new LedgerError(`There are ${able.length} complete ${kind}, too few for ${single.length} quirks.`, {
          hint: 'Start the sandbox with more of them.',
        });
      }
      const chosen = Object.fromEntries(single.map((quirk, i) => [quirk, able[i]?.orderId]));
      victims.set(kind, chosen);
      repeating.delete(kind);
      if (quirks.includes('repeated')) {
        repeating.add(kind);
      }
      return { ...chosen };
    },
    repeats: (kind) => repeating.has(kind),
    befalls,
    idOf: (kind, order) => (befalls(kind, 'odd-id', order) ? oddId : order.orderId),
    trueId(kind, id) {
      const odd = victims.get(kind)?.['odd-id'];
      if (odd === undefined) {
        return id;
      }
      return id === oddId ? odd : id === odd ? undefined : id;
    },
    numbersOf(kind, order, numbers) {
      const [first, ...others] = numbers;
      return first !== undefined && befalls(kind, 'letters', order)
        ? [`${first.slice(0, 6)}O${first.slice(7)}`, ...others]
        : numbers;
    },
  };
}
