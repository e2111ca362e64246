import { LedgerError } from '../../../src/errors.js';
import type {
  Misbehavior,
  OrderKind,
  OrderQuirk,
  SandboxAccount,
  SandboxOrderBase,
} from '../../../src/sandbox/server.js';

/**
 * What makes a list of orders hard to read. Each quirk affects one order, the first in the list without another quirk:
 * - `no-id`: the list omits its ID;
 * - `letters`: one of its numbers contains a letter, in its details (for port-outs in the list);
 * - `impossible-date`: its last-modified date in the list is invalid (for assignment orders its order date);
 * - `repeated`: every page after the first begins with the last order of the previous page; a list without pages ends
 *   with its last order twice;
 * - `odd-id`: its ID is `a/b?c'; drop table` everywhere;
 * - `refused`: its details return 404.
 */
export const orderQuirks = [
  'no-id',
  'letters',
  'impossible-date',
  'repeated',
  'odd-id',
  'refused',
] as const satisfies OrderQuirk[];

/** The lists that can have quirks, by the path segment of their resource. */
export type ListKind = OrderKind | 'tnoptions' | 'lidbs' | 'dldas' | 'e911s' | 'lsrorders' | 'bulkPortins';

export const orderListings: Record<ListKind, (account: SandboxAccount) => SandboxOrderBase[]> = {
  orders: (account) => account.orders(),
  disconnects: (account) => account.disconnects(),
  portins: (account) => account.portIns(),
  portouts: (account) => account.portOuts(),
  numbersAssignment: (account) => account.assignmentOrders(),
  importTnOrders: (account) => account.importOrders(),
  removeImportedTnOrders: (account) => account.removals(),
  externalTns: (account) => account.externalOrders(),
  tnoptions: (account) => account.featureOrders('tnoptions'),
  lidbs: (account) => account.featureOrders('lidbs'),
  dldas: (account) => account.featureOrders('dldas'),
  e911s: (account) => account.featureOrders('e911s'),
  bulkPortins: (account) => account.featureOrders('bulkPortins'),
  lsrorders: (account) => account.featureOrders('lsrorders'),
};

/** The ID that the quirk `odd-id` gives an order. */
export const oddId = "a/b?c'; drop table";

const ends = ['COMPLETE', 'PARTIAL'];

interface Quirks extends Misbehavior {
  set(kind: ListKind, quirks: readonly OrderQuirk[], orders: readonly SandboxOrderBase[]): Targets;
}

/** The order that each quirk affects, by its actual ID. */
type Targets = Partial<Record<OrderQuirk, string>>;

const quirksOfAccounts = new WeakMap<SandboxAccount, Quirks>();

/**
 * Sets the quirks of one order list of an account; an empty list removes them.
 *
 * @throws {LedgerError} if there are fewer finished orders than quirks
 */
export function misbehave(account: SandboxAccount, kind: ListKind, quirks: readonly OrderQuirk[]): Targets {
  const own = quirksOfAccounts.get(account) ?? createQuirks();
  quirksOfAccounts.set(account, own);
  account.misbehavior = own;
  return own.set(kind, quirks, orderListings[kind](account));
}

function createQuirks(): Quirks {
  const targets = new Map<string, Targets>();
  const repeating = new Set<string>();

  const affects = (kind: string, quirk: OrderQuirk, { orderId }: SandboxOrderBase) =>
    targets.get(kind)?.[quirk] === orderId;

  return {
    set(kind, quirks, orders) {
      const able = (orders as ReadonlyArray<SandboxOrderBase & { status: string }>).filter(({ status }) =>
        ends.includes(status),
      );
      const single = quirks.filter((quirk) => quirk !== 'repeated');
      if (able.length < single.length) {
        throw new LedgerError(`There are only ${able.length} finished ${kind}, too few for ${single.length} quirks.`, {
          hint: 'Start the sandbox with more orders of this kind.',
        });
      }
      const chosen: Targets = Object.fromEntries(single.map((quirk, i) => [quirk, able[i]?.orderId]));
      targets.set(kind, chosen);
      repeating.delete(kind);
      if (quirks.includes('repeated')) {
        repeating.add(kind);
      }
      return { ...chosen };
    },
    repeats: (kind) => repeating.has(kind),
    affects,
    idOf: (kind, order) => (affects(kind, 'odd-id', order) ? oddId : order.orderId),
    trueId(kind, id) {
      const odd = targets.get(kind)?.['odd-id'];
      if (odd === undefined) {
        return id;
      }
      return id === oddId ? odd : id === odd ? undefined : id;
    },
    numbersOf(kind, order, numbers) {
      const [first, ...others] = numbers;
      return first !== undefined && affects(kind, 'letters', order)
        ? [`${first.slice(0, 6)}O${first.slice(7)}`, ...others]
        : numbers;
    },
  };
}
