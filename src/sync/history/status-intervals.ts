import { type Claim, inService, isInventory } from './claims.js';
import type { MovementKind } from './evidence.js';

/** The status of a number that was given back to Bandwidth. */
export const aging = 'Aging';

/** An order that brought a number to the account or took it away; `at` is the event's date, microseconds since 1970. */
export interface OrderEvent {
  kind: MovementKind;
  direction: 'in' | 'out';
  orderId: string;
  at: number;
}

/** An interval of `number_status_history`. */
export interface StatusInterval {
  status: string;
  from: number;
  /** Undefined: still. */
  to: number | undefined;
  fromOrderId: string | undefined;
  toOrderId: string | undefined;
  /** Whether something else than the night dates the begin. */
  dated: boolean;
  /** A night until which the number was seen to be gone, after the interval; undefined where none saw it. */
  goneUntil: number | undefined;
}

/**
 * Which status a number had when, by what the nights claim (oldest first) and the orders (by date) together: the same whatever
 * came to be known first. A number that is not yet live (InAccount) is the account's as one in service is: "service" below means
 * both. The rules, each of which asks what the order before or after a moment says:
 *
 * - A claim of service that ended is ended by the last order in it, if that one took the number out. One that still lasts is
 *   not: the next night will see whether it left.
 * - Within a claim of service there is a gap from an order out to the next one, if that brings the number in.
 * - A begin that only the night dates is moved back to the last order before it, if that brought the number in, and a status
 *   after service begins when the last order before it was seen took the number out.
 * - Where the nights claim nothing, the number was in service from an order in to the next one, if that takes it out. What was
 *   taken out without anything that says since when it was in service is in no interval, and so is what was brought in without
 *   anything that says until when: there is nothing to say how long that was.
 */
export function statusIntervalsOf(claims: readonly Claim[], events: readonly OrderEvent[]): StatusInterval[] {
  const intervals: StatusInterval[] = [];
  for (const [index, claim] of claims.entries()) {
    if (isInventory(claim.status)) addService(intervals, events, claim, claims[index + 1]);
    else addOtherStatus(intervals, events, claim);
  }
  if (intervals.at(-1)?.to !== undefined || intervals.length === 0) addUnseenService(intervals, events, Infinity);
  return intervals;
}

function addService(
  intervals: StatusInterval[],
  events: readonly OrderEvent[],
  claim: Claim,
  next: Claim | undefined,
): void {
  const begin = beginOfService(intervals, events, claim);
  addUnseenService(intervals, events, begin.at);
  let { at: from, dated } = begin;
  let fromOrderId = begin.order?.orderId;
  const add = (to: number | undefined, toOrderId: string | undefined) => {
    const goneUntil = claim.vanished ? claim.to : undefined;
    intervals.push({ status: claim.status, from, to, fromOrderId, toOrderId, dated, goneUntil });
  };
  let out: OrderEvent | undefined;
  for (const event of movesDuring(events, begin.at, claim, next)) {
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
  if (claim.to === undefined) add(undefined, undefined);
  else if (out !== undefined) add(out.at, out.orderId);
  else if (from < claim.to) add(claim.to, undefined);
}

/** The orders that may end a claim of service, or make a gap in it. */
function movesDuring(
  events: readonly OrderEvent[],
  from: number,
  { status, to = Infinity, vanished }: Claim,
  next: Claim | undefined,
): OrderEvent[] {
  const follows = !vanished && next?.from === to ? next : undefined;
  // Another status was seen some time after it began: the order may be later than the change that dates it.
  const until = follows !== undefined && !isInventory(follows.status) ? Math.max(to, lastMomentBefore(follows)) : to;
  const moves = events.filter(({ at }) => at > from && at <= until);
  // Gone, or activated anew: what the last of them bring in is not of this claim. An order may be placed long before its numbers
  // come, and the in-service date tells an activation better.
  if (vanished || (status === inService && follows?.status === inService)) {
    return moves.slice(0, moves.findLastIndex(({ direction }) => direction === 'out') + 1);
  }
  return moves;
}

/** When a claim of service really begins, and by which order, if one dates it. May shorten the status before. */
function beginOfService(
  intervals: StatusInterval[],
  events: readonly OrderEvent[],
  claim: Claim,
): { at: number; order?: OrderEvent; dated: boolean } {
  const before = intervals.at(-1);
  const end = before?.to ?? -Infinity;
  const event = claim.event !== undefined && claim.event >= end && claim.event <= claim.from ? claim.event : undefined;
  // An in-service date tells the begin better than an order does. Of a number not yet live the details name the last change only.
  if (event !== undefined && claim.status === inService) return { at: event, dated: true };
  if (before !== undefined && !isInventory(before.status) && before.to === claim.from) {
    const order = lastMove(events, before.from + 1, claim.from);
    if (order?.direction === 'in') {
      before.to = order.at;
      return { at: order.at, order, dated: true };
    }
  }
  const order = lastMove(events, end, claim.from);
  if (order?.direction === 'in') return { at: order.at, order, dated: true };
  if (event !== undefined) return { at: event, dated: true };
  return { at: Math.max(claim.from, end), dated: claim.event === claim.from };
}

function addOtherStatus(intervals: StatusInterval[], events: readonly OrderEvent[], claim: Claim): void {
  const before = intervals.at(-1);
  const end = before?.to ?? -Infinity;
  // Of two such statuses, one after the other, the second has nothing to do with service that ended.
  const followsService = before === undefined || isInventory(before.status) || end < claim.from;
  // An order in after it began is about what follows.
  const moves = events.filter(({ at, direction }) => direction === 'out' || at <= claim.from);
  const order = followsService ? lastMove(moves, end, lastMomentBefore(claim)) : undefined;
  const out = order?.direction === 'out' ? order : undefined;
  const from = out?.at ?? claim.from;
  addUnseenService(intervals, events, from);
  const to = claim.to ?? Infinity;
  let piece = { from, fromOrderId: out?.orderId };
  const add = (end: number | undefined) => {
    const until = end ?? Infinity;
    // That it came to this status once more, after service that no night saw, is not said by a night before.
    const seen =
      piece.from === from || end === undefined || claim.seenAgain.some((at) => at >= piece.from && at < until);
    if (!seen || piece.from >= until) return;
    const goneUntil = claim.vanished ? claim.to : undefined;
    intervals.push({ status: claim.status, ...piece, to: end, toOrderId: undefined, dated: true, goneUntil });
  };
  for (const service of unseenService(events, from, to)) {
    add(service.from);
    intervals.push(service);
    piece = { from: service.to as number, fromOrderId: service.toOrderId };
  }
  const last = claim.vanished ? lastMove(events, piece.from + 1, to) : undefined;
  add(last?.direction === 'in' ? last.at : claim.to);
}

/** Adds the service between the last interval and `until` that orders alone tell. */
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
      into = event;
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

/** The last moment at which another status may have begun: seen that night, and not yet ended. */
function lastMomentBefore({ seenAt, to = Infinity }: Claim): number {
  return Math.min(seenAt, to - 1);
}

/** The last order from `from` to `to`, both included. */
function lastMove(events: readonly OrderEvent[], from: number, to: number): OrderEvent | undefined {
  return events.findLast(({ at }) => at >= from && at <= to);
}
