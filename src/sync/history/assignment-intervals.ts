import { aging, type OrderEvent, type StatusInterval } from './status-intervals.js';

/** A number that an assignment order declared and Bandwidth accepted; `at` is when the order was placed, microseconds since 1970. */
export interface Declaration {
  orderId: string;
  status: 'ASSIGNED' | 'UNASSIGNED';
  at: number;
}

/** An interval of `number_assignment_history`. */
export interface AssignmentInterval {
  status: 'ASSIGNED' | 'UNASSIGNED';
  orderId: string;
  from: number;
  /** Undefined: still. */
  to: number | undefined;
}

/** A time in which the account is known not to have held the number; nothing that was declared before or in it holds after it. */
interface Absence {
  from: number;
  to: number;
}

/**
 * What was declared about a number when, by its declarations (by date), its status intervals and its orders. A declaration holds
 * until the next different one, or until the number left; a repeated one changes nothing. One that was made while the number was
 * known to be gone means nothing, so does one of several at the same moment that is not the last of them by its id, and so does one of which nothing says until when it held, of a number that is not on the account.
 */
export function assignmentIntervalsOf(
  declarations: readonly Declaration[],
  intervals: readonly StatusInterval[],
  events: readonly OrderEvent[],
): AssignmentInterval[] {
  const result: AssignmentInterval[] = [];
  if (declarations.length === 0) return result;
  const absences = absencesOf(intervals, events);
  let open: AssignmentInterval | undefined;
  const close = (at: number) => {
    if (open === undefined) return;
    const left = absences.find(({ from }) => from > (open as AssignmentInterval).from);
    open.to = Math.min(at, left?.from ?? Infinity);
    if (open.to > open.from) result.push(open);
    open = undefined;
  };
  for (const [index, { at, status, orderId }] of declarations.entries()) {
    if (declarations[index + 1]?.at === at) continue;
    if (absences.some(({ from, to }) => from <= at && at < to)) continue;
    const leftSince =
      open !== undefined && absences.some(({ from }) => from > (open as AssignmentInterval).from && from <= at);
    if (open?.status === status && !leftSince) continue;
    close(at);
    open = { status, orderId, from: at, to: undefined };
  }
  close(Infinity);
  const last = result.at(-1);
  if (last?.to === Infinity) {
    if (isHeld(intervals)) last.to = undefined;
    else result.pop();
  }
  return result;
}

function isHeld(intervals: readonly StatusInterval[]): boolean {
  const last = intervals.at(-1);
  return last !== undefined && last.to === undefined && last.status !== aging;
}

/** When the number was gone, by date. A number that is Aging was given back, and is Bandwidth's. */
function absencesOf(intervals: readonly StatusInterval[], events: readonly OrderEvent[]): Absence[] {
  const held = intervals.filter(({ status }) => status !== aging);
  const departures: { at: number; goneUntil: number | undefined }[] = [];
  for (const [index, { to, toOrderId, goneUntil }] of held.entries()) {
    const goesOn = toOrderId === undefined && held[index + 1]?.from === to;
    if (to !== undefined && !goesOn) departures.push({ at: to, goneUntil });
  }
  // Orders that took it out of a time of which nothing else is known.
  for (const { direction, at } of events) {
    const known = intervals.some(({ from, to }) => from < at && at <= (to ?? Infinity));
    if (direction === 'out' && !known) departures.push({ at, goneUntil: undefined });
  }
  departures.sort((a, b) => a.at - b.at);
  return departures.map(({ at, goneUntil }, index) => {
    // Where only a night dates the return, or nothing but that it left again, it may have been back long before: what was
    // declared since it was last seen to be gone counts.
    const atLeast = Math.max(at, goneUntil ?? at);
    const back = held.find(({ from }) => from >= at);
    const leftAgain = departures[index + 1];
    if (leftAgain !== undefined && (back === undefined || leftAgain.at <= back.from)) return { from: at, to: atLeast };
    if (back === undefined) return { from: at, to: Infinity };
    return { from: at, to: back.dated ? back.from : atLeast };
  });
}
