import type { AccountState } from '../account.js';
import { badRequest, notFound, Refusal } from '../answer.js';
import type { OrderList } from '../orders/order-list.js';
import type { OrderKind, SandboxOrderBase } from '../orders/order-types.js';
import { numberedPage } from '../parameters.js';
import { accountOf, type Call } from '../route.js';
import { linksXml } from '../xml.js';

/** Lists cover the last two years unless a filter overrides that. */
export const twoYears = 2 * 365.25 * 86_400_000;

export interface PageRequest<T extends SandboxOrderBase> {
  call: Call;
  kind: OrderKind;
  root: string;
  list: OrderList<T>;
  filter: (order: T) => boolean;
  size: number;
}

export interface OrderPage<T> {
  orders: T[];
  /** How many orders the complete list has. */
  total: number;
  next: string | undefined;
}

/**
 * One page of a list of orders. The cursor is the ID of the first order on the page. If that order has changed and no
 * longer matches the filter, the page continues after it.
 */
export function orderPage<T extends SandboxOrderBase>({
  call,
  kind,
  root,
  list,
  filter,
  size,
}: PageRequest<T>): OrderPage<T> {
  const { misbehavior } = accountOf(call);
  const cursor = call.query.page ?? '1';
  const { orders: matching, from } = list.matching(filter);
  const numbered = numberedPage(call, root, size);
  let start = numbered?.skip ?? 0;
  if (numbered === undefined && cursor !== '1') {
    const first = list.get(misbehavior.trueId(kind, cursor) ?? '');
    if (first === undefined) {
      throw badRequest(root, `The page '${cursor}' is invalid`);
    }
    start = from(first);
  }
  const repeated = misbehavior.repeats(kind) && start > 0 ? matching.slice(start - 1, start) : [];
  const after = matching[start + size];
  const self = call.state.lastPageNext === 'self' ? cursor : undefined;
  return {
    orders: call.applyShortList([...repeated, ...matching.slice(start, start + size)]),
    total: matching.length,
    next: after === undefined ? self : (numbered?.next ?? misbehavior.idOf(kind, after)),
  };
}

/** The `Links` of a page, with a URL that the client never called. */
export function orderLinks(
  call: Call,
  options: { address: string; query: Record<string, string>; size: number; next: string | undefined; indent?: string },
): string {
  return linksXml({ ...options, raw: call.rawLinks });
}

/** The order in the path; 404 if it doesn't exist or has the quirk `refused`. */
export function orderOf<T extends SandboxOrderBase>(
  call: Call,
  { kind, list, root }: { kind: string; list: Pick<OrderList<T>, 'get'>; root: string },
): T {
  const { misbehavior } = accountOf(call);
  const id = misbehavior.trueId(kind, call.params.orderId ?? '');
  const order = id === undefined ? undefined : list.get(id);
  if (order === undefined || misbehavior.affects(kind, 'refused', order)) {
    throw new Refusal(notFound(root));
  }
  return order;
}

/** The ID of an order in a list; the quirk `no-id` omits it. */
export function listedId({ misbehavior }: AccountState, kind: string, order: SandboxOrderBase): string | undefined {
  return misbehavior.affects(kind, 'no-id', order) ? undefined : misbehavior.idOf(kind, order);
}

/** The last-modified date in a list; the quirk `impossible-date` makes it invalid. */
export function listedDate(
  { misbehavior }: AccountState,
  { kind, order, text }: { kind: string; order: SandboxOrderBase; text: string },
): string {
  return misbehavior.affects(kind, 'impossible-date', order) ? '2014-13-45T25:61:00Z' : text;
}
