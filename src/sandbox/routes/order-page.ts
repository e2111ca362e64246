import type { AccountState } from '../account.js';
import { badRequest, notFound, Refusal } from '../answer.js';
import type { OrderList } from '../orders/order-list.js';
import type { OrderKind, SandboxOrderBase } from '../orders/truth.js';
import { numberedPage } from '../parameters.js';
import { accountOf, type Call } from '../route.js';
import { linksXml } from '../xml.js';

/** The list shows orders of the last two years only where nothing in the request says otherwise. */
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
  /** How many orders the whole list has. */
  total: number;
  next: string | undefined;
}

/**
 * One page of a list of orders. The cursor is the id of the order that begins the page, also if that order has changed
 * since so that the filter has no more use for it: the page goes on after it.
 */
export function orderPage<T extends SandboxOrderBase>({
  call,
  kind,
  root,
  list,
  filter,
  size,
}: PageRequest<T>): OrderPage<T> {
  const { misbehaviour } = accountOf(call);
  const cursor = call.query.page ?? '1';
  const { orders: matching, from } = list.matching(filter);
  const numbered = numberedPage(call, root, size);
  let start = numbered?.skip ?? 0;
  if (numbered === undefined && cursor !== '1') {
    const first = list.get(misbehaviour.trueId(kind, cursor) ?? '');
    if (first === undefined) {
      throw badRequest(root, `The page '${cursor}' is invalid`);
    }
    start = from(first);
  }
  const repeated = misbehaviour.repeats(kind) && start > 0 ? matching.slice(start - 1, start) : [];
  const after = matching[start + size];
  const self = call.state.lastPageNext === 'self' ? cursor : undefined;
  return {
    orders: call.thin([...repeated, ...matching.slice(start, start + size)]),
    total: matching.length,
    next: after === undefined ? self : (numbered?.next ?? misbehaviour.idOf(kind, after)),
  };
}

/** The `Links` of a page, which name an address that the client never called. */
export function orderLinks(
  call: Call,
  options: { address: string; query: Record<string, string>; size: number; next: string | undefined; indent?: string },
): string {
  return linksXml({ ...options, raw: call.rawLinks });
}

/** The order that the path names; 404 if there is none, or if it is to be refused. */
export function orderOf<T extends SandboxOrderBase>(
  call: Call,
  { kind, list, root }: { kind: OrderKind; list: OrderList<T>; root: string },
): T {
  const { misbehaviour } = accountOf(call);
  const id = misbehaviour.trueId(kind, call.params.orderId ?? '');
  const order = id === undefined ? undefined : list.get(id);
  if (order === undefined || misbehaviour.befalls(kind, 'refused', order)) {
    throw new Refusal(notFound(root));
  }
  return order;
}

/** The id of an order in a list, which one quirk leaves out. */
export function listedId({ misbehaviour }: AccountState, kind: OrderKind, order: SandboxOrderBase): string | undefined {
  return misbehaviour.befalls(kind, 'no-id', order) ? undefined : misbehaviour.idOf(kind, order);
}

/** A last-modified date in a list, which one quirk makes impossible. */
export function listedDate(
  { misbehaviour }: AccountState,
  { kind, order, text }: { kind: OrderKind; order: SandboxOrderBase; text: string },
): string {
  return misbehaviour.befalls(kind, 'impossible-date', order) ? '2014-13-45T25:61:00Z' : text;
}
