import { externalTns } from '../../dashboard/resources/external-tns.js';
import { inService, isInventory, type ObservedStatus } from './observed-statuses.js';

/** The status of a disconnected number, which is Bandwidth's again. */
export const aging = 'Aging';

/** An order that added a number to the account or removed it. `at`: the event's date, microseconds since 1970. */
export interface OrderEvent {
  /** The name of the order's description. */
  kind: string;
  direction: 'in' | 'out';
  orderId: string;
  at: number;
}

/** An interval of `number_status_history`. */
export interface StatusInterval {
  status: string;
  from: number;
  /** Undefined for the current interval. */
  to: number | undefined;
  fromOrderId: string | undefined;
  toOrderId: string | undefined;
  /** Whether the start has a better date than the run that first saw it. */
  dated: boolean;
  /** The last run that saw the number gone after this interval; undefined if none did. */
  goneUntil: number | undefined;
}

/**
 * Computes which status a number had when, from the statuses that runs observed (oldest first) and from the orders (by date). The
 * result doesn't depend on which was known first. "Service" below includes InAccount: a number that is not yet live is the
 * account's too. The rules, each based on the nearest order before or after a point in time:
 *
 * - An observed service that ended ends with the last order in it, if that removed the number. A current one doesn't: the next run
 *   will see whether the number left.
 * - Observed service has a gap from an order out to the next order, if that is an order in.
 * - A start dated only by a run moves back to the last order before it, if that is an order in. A status after service starts
 *   with the last order before it was seen, if that is an order out.
 * - If no run observed the number, it was in service from an order in to the next order, if that is an order out. An order out
 *   without a known start of service makes no interval, nor does an order in without a known end: the duration is unknown.
 * - An external number order that adds a number after another order in, with none out between them, resets a number that stayed on the
 *   account: the first of the two is the order in.
 */
export function statusIntervalsOf(
  statuses: readonly ObservedStatus[],
  events: readonly OrderEvent[],
): StatusInterval[] {
  const intervals: StatusInterval[] = [];
  for (const [index, observed] of statuses.entries()) {
    if (isInventory(observed.status)) addService(intervals, events, observed, statuses[index + 1]);
    else addOtherStatus(intervals, events, observed);
  }
  if (intervals.at(-1)?.to !== undefined || intervals.length === 0) addUnseenService(intervals, events, Infinity);
  return intervals;
}

function addService(
  intervals: StatusInterval[],
  events: readonly OrderEvent[],
  observed: ObservedStatus,
  next: ObservedStatus | undefined,
): void {
  const begin = beginOfService(intervals, events, observed);
  addUnseenService(intervals, events, begin.at);
  let { at: from, dated } = begin;
  let fromOrderId = begin.order?.orderId;
  const add = (to: number | undefined, toOrderId: string | undefined) => {
    const goneUntil = observed.vanished ? observed.to : undefined;
    intervals.push({ status: observed.status, from, to, fromOrderId, toOrderId, dated, goneUntil });
  };
  let out: OrderEvent | undefined;
  for (const event of movesDuring(events, begin.at, observed, next)) {
    if (event.direction === 'out') {
      out = event;
    } else if (out !== undefined) {
      if (event.at > out.at) {
        add(out.at, out.orderId);
        from = event.at;
        fromOrderId = event.orderId;
        dated = true;
      }
      out = undefined;
    }
  }
  if (observed.to === undefined) add(undefined, undefined);
  else if (out !== undefined) add(out.at, out.orderId);
  else if (from < observed.to) add(observed.to, undefined);
}

/** The orders that may end an observed service, or make a gap in it. */
function movesDuring(
  events: readonly OrderEvent[],
  from: number,
  { status, to = Infinity, vanished }: ObservedStatus,
  next: ObservedStatus | undefined,
): OrderEvent[] {
  const follows = !vanished && next?.from === to ? next : undefined;
  // A run sees another status some time after its start: the order may be later than the change that dates it.
  const until = follows !== undefined && !isInventory(follows.status) ? Math.max(to, lastMomentBefore(follows)) : to;
  const moves = events.filter(({ at }) => at > from && at <= until);
  // Gone, or activated again: orders in at the end belong to what follows. An order may be placed long before its numbers arrive,
  // and the in-service date is a better date for an activation.
  if (vanished || (status === inService && follows?.status === inService)) {
    return moves.slice(0, moves.findLastIndex(({ direction }) => direction === 'out') + 1);
  }
  return moves;
}

/** When an observed service really starts, and by which order, if one dates it. May shorten the status before it. */
function beginOfService(
  intervals: StatusInterval[],
  events: readonly OrderEvent[],
  observed: ObservedStatus,
): { at: number; order?: OrderEvent; dated: boolean } {
  const before = intervals.at(-1);
  const end = before?.to ?? -Infinity;
  const event =
    observed.event !== undefined && observed.event >= end && observed.event <= observed.from
      ? observed.event
      : undefined;
  // An in-service date is a better start than an order's date. For a number not yet live, the details give only the last change.
  if (event !== undefined && observed.status === inService) return { at: event, dated: true };
  if (before !== undefined && !isInventory(before.status) && before.to === observed.from) {
    const order = lastArrival(events, before.from + 1, observed.from);
    if (order?.direction === 'in') {
      before.to = order.at;
      return { at: order.at, order, dated: true };
    }
  }
  const order = lastArrival(events, end, observed.from);
  if (order?.direction === 'in') return { at: order.at, order, dated: true };
  if (event !== undefined) return { at: event, dated: true };
  return { at: Math.max(observed.from, end), dated: observed.event === observed.from };
}

function addOtherStatus(intervals: StatusInterval[], events: readonly OrderEvent[], observed: ObservedStatus): void {
  const before = intervals.at(-1);
  const end = before?.to ?? -Infinity;
  // Of two such statuses in a row, the second does not follow service.
  const followsService = before === undefined || isInventory(before.status) || end < observed.from;
  // An order in after its start belongs to what follows.
  const moves = events.filter(({ at, direction }) => direction === 'out' || at <= observed.from);
  const order = followsService ? lastMove(moves, end, lastMomentBefore(observed)) : undefined;
  const out = order?.direction === 'out' ? order : undefined;
  const from = out?.at ?? observed.from;
  addUnseenService(intervals, events, from);
  const to = observed.to ?? Infinity;
  let piece = { from, fromOrderId: out?.orderId };
  const add = (end: number | undefined) => {
    const until = end ?? Infinity;
    // A run before the unobserved service is no evidence that the number returned to this status after it.
    const seen =
      piece.from === from || end === undefined || observed.seenAgain.some((at) => at >= piece.from && at < until);
    if (!seen || piece.from >= until) return;
    const goneUntil = observed.vanished ? observed.to : undefined;
    intervals.push({ status: observed.status, ...piece, to: end, toOrderId: undefined, dated: true, goneUntil });
  };
  for (const service of unseenService(events, from, to)) {
    add(service.from);
    intervals.push(service);
    piece = { from: service.to as number, fromOrderId: service.toOrderId };
  }
  const last = observed.vanished ? lastMove(events, piece.from + 1, to) : undefined;
  add(last?.direction === 'in' ? last.at : observed.to);
}

/** Adds the service between the last interval and `until` that is known only from orders. */
function addUnseenService(intervals: StatusInterval[], events: readonly OrderEvent[], until: number): void {
  intervals.push(...unseenService(events, intervals.at(-1)?.to ?? -Infinity, until));
}

/** From each order in to the next one, if that is an order out. */
function unseenService(events: readonly OrderEvent[], since: number, until: number): StatusInterval[] {
  const found: StatusInterval[] = [];
  let into: OrderEvent | undefined;
  for (const event of events) {
    if (event.at < since || event.at > until) continue;
    if (event.direction === 'in') {
      if (into === undefined || !mayReset(event)) into = event;
      continue;
    }
    if (into !== undefined && event.at > into.at) {
      const ids = { fromOrderId: into.orderId, toOrderId: event.orderId };
      found.push({ status: inService, from: into.at, to: event.at, ...ids, dated: true, goneUntil: undefined });
    }
    into = undefined;
  }
  return found;
}

/** The latest possible start of another status: when a run first saw it, and before it ended. */
function lastMomentBefore({ seenAt, to = Infinity }: ObservedStatus): number {
  return Math.min(seenAt, to - 1);
}

/** Bandwidth accepts the order for a number that is on the account already. */
function mayReset({ kind, direction }: OrderEvent): boolean {
  return kind === externalTns.name && direction === 'in';
}

/** The last order from `from` to `to`, inclusive; if it only reset the number, the order in before it. */
function lastArrival(events: readonly OrderEvent[], from: number, to: number): OrderEvent | undefined {
  const moves = events.filter(({ at }) => at >= from && at <= to);
  while (moves.length > 1 && mayReset(moves.at(-1) as OrderEvent) && moves.at(-2)?.direction === 'in') moves.pop();
  return moves.at(-1);
}

/** The last order from `from` to `to`, inclusive. */
function lastMove(events: readonly OrderEvent[], from: number, to: number): OrderEvent | undefined {
  return events.findLast(({ at }) => at >= from && at <= to);
}
