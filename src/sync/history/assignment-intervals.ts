import { aging, type OrderEvent, type StatusInterval } from './status-intervals.js';

/** An assignment order marked the number, and Bandwidth accepted it. `at`: when the order was placed, microseconds since 1970. */
export interface AssignmentMark {
  orderId: string;
  status: 'ASSIGNED' | 'UNASSIGNED';
  at: number;
}

/** An interval of `number_assignment_history`. */
export interface AssignmentInterval {
  status: 'ASSIGNED' | 'UNASSIGNED';
  orderId: string;
  from: number;
  /** Undefined for the current interval. */
  to: number | undefined;
}

/** A period in which the account did not have the number. No mark made before or in it is valid after it. */
interface Absence {
  from: number;
  to: number;
}

/**
 * Computes the assignment status of a number over time from its marks (by date), its status intervals and its orders. A mark is
 * valid until the next different one, or until the number left; a repeated one changes nothing. Ignored are a mark made while the
 * number was gone; of several marks at the same time, all but the last by order id; and a mark without a known end if the number
 * is not on the account.
 */
export function assignmentIntervalsOf(
  marks: readonly AssignmentMark[],
  intervals: readonly StatusInterval[],
  events: readonly OrderEvent[],
): AssignmentInterval[] {
  const result: AssignmentInterval[] = [];
  if (marks.length === 0) return result;
  const absences = absencesOf(intervals, events);
  let open: AssignmentInterval | undefined;
  const close = (at: number) => {
    if (open === undefined) return;
    const left = absences.find(({ from }) => from > (open as AssignmentInterval).from);
    open.to = Math.min(at, left?.from ?? Infinity);
    if (open.to > open.from) result.push(open);
    open = undefined;
  };
  for (const [index, { at, status, orderId }] of marks.entries()) {
    if (marks[index + 1]?.at === at) continue;
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

/** When the number was gone, by date. An Aging number is disconnected, and is Bandwidth's. */
function absencesOf(intervals: readonly StatusInterval[], events: readonly OrderEvent[]): Absence[] {
  const held = intervals.filter(({ status }) => status !== aging);
  const departures: { at: number; goneUntil: number | undefined }[] = [];
  for (const [index, { to, toOrderId, goneUntil }] of held.entries()) {
    const goesOn = toOrderId === undefined && held[index + 1]?.from === to;
    if (to !== undefined && !goesOn) departures.push({ at: to, goneUntil });
  }
  // Orders out in a period without any other evidence.
  for (const { direction, at } of events) {
    const known = intervals.some(({ from, to }) => from < at && at <= (to ?? Infinity));
    if (direction === 'out' && !known) departures.push({ at, goneUntil: undefined });
  }
  departures.sort((a, b) => a.at - b.at);
  return departures.map(({ at, goneUntil }, index) => {
    // If only a run dates the return, or only the fact that it left again, it may have been back long before: marks made since it
    // was last seen gone count.
    const atLeast = Math.max(at, goneUntil ?? at);
    const back = held.find(({ from }) => from >= at);
    const leftAgain = departures[index + 1];
    if (leftAgain !== undefined && (back === undefined || leftAgain.at <= back.from)) return { from: at, to: atLeast };
    if (back === undefined) return { from: at, to: Infinity };
    return { from: at, to: back.dated ? back.from : atLeast };
  });
}
