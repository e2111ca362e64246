/** What runs saw of a number from `at` until the next sighting. Times are microseconds since 1970. */
export interface Sighting {
  at: number;
  /** False: it was in neither listing. */
  present: boolean;
  status: string;
  inServiceDate: number | undefined;
  lastModified: number | undefined;
}

/** A status interval according to the runs alone, without orders. */
export interface ObservedStatus {
  status: string;
  from: number;
  /** Undefined for the current status. */
  to: number | undefined;
  /** The API's date for the start, if any. `from` is later if the previous status lasted beyond it. */
  event: number | undefined;
  /** The run that first saw it. */
  seenAt: number;
  /** Later runs that saw the status again with a change in the number's other data. */
  seenAgain: number[];
  /** It ended because no listing named the number anymore, so only a run dates the end. */
  vanished: boolean;
}

export const inService = 'Inservice';

/** The status of the account's numbers that are not yet live. */
export const inAccount = 'InAccount';

/** Whether a number with this status is the account's. With any other status it was, and may be again. */
export function isInventory(status: string): boolean {
  return status === inService || status === inAccount;
}

/**
 * Computes which status a number had when, from the runs' sightings (oldest first).
 *
 * The number details date a status, if they can: Inservice starts on the in-service date, any other status with the last change
 * given when the status is first seen. Otherwise the run dates it. No two overlap.
 */
export function observedStatusesOf(sightings: readonly Sighting[]): ObservedStatus[] {
  const reader = new SightingReader();
  for (const sighting of sightings) reader.read(sighting);
  return reader.statuses;
}

class SightingReader {
  readonly statuses: ObservedStatus[] = [];
  /** The run that last changed a status: an in-service date after it is a new activation, one before it a correction. */
  #changedAt = 0;
  #inServiceDate: number | undefined;

  read(seen: Sighting): void {
    const last = this.statuses.at(-1);
    if (!seen.present) {
      if (last !== undefined && last.to === undefined) this.#end(last, Math.max(seen.at, last.from + 1), seen, true);
      this.#inServiceDate = undefined;
      return;
    }
    if (last === undefined) this.#seeFirst(seen);
    else if (last.to !== undefined) this.#seeAgain(seen, last);
    else if (last.status !== seen.status) this.#seeOtherStatus(seen, last);
    else {
      last.seenAgain.push(seen.at);
      if (seen.status === inService) this.#reviseService(seen, last);
      else if (!isInventory(seen.status) && seen.inServiceDate !== this.#inServiceDate) {
        this.#reviseFormerService(seen, last);
      }
    }
    this.#inServiceDate = seen.inServiceDate;
  }

  #seeFirst(seen: Sighting): void {
    // A number that is no longer in service was in service before.
    if (!isInventory(seen.status)) this.#addFormerService(seen, eventOf(seen) ?? seen.at);
    this.#begin(seen, -Infinity);
  }

  /** The number was gone and is back. */
  #seeAgain(seen: Sighting, last: ObservedStatus): void {
    const event = eventOf(seen);
    // It has had another status since before the end of the last one. That end was the run in which it seemed to have left (it was
    // missing from the in-service list, and the number details say Aging), and is wrong.
    if (last.status !== seen.status && event !== undefined && event > last.from && event < (last.to as number)) {
      this.#end(last, event, seen, false);
    }
    const end = last.to as number;
    if (!isInventory(seen.status) && (seen.inServiceDate ?? 0) >= end) this.#addFormerService(seen, event ?? seen.at);
    this.#begin(seen, this.statuses.at(-1)?.to ?? end);
  }

  #seeOtherStatus(seen: Sighting, last: ObservedStatus): void {
    if (last.status === inService && seen.inServiceDate !== this.#inServiceDate) this.#reviseService(seen, last);
    const open = this.statuses.at(-1) as ObservedStatus;
    const event = eventOf(seen);
    const end = event !== undefined && event > open.from ? event : Math.max(seen.at, open.from + 1);
    this.#end(open, end, seen, false);
    this.#begin(seen, end);
  }

  /** Still in service; the in-service date may have changed. */
  #reviseService(seen: Sighting, last: ObservedStatus): void {
    const date = seen.inServiceDate;
    if (date === undefined || date > seen.at) return;
    if (date > Math.max(this.#changedAt, last.from)) {
      // Later than everything observed so far: activated again.
      this.#end(last, date, seen, false);
      this.statuses.push(observed(inService, date, date, seen.at));
      return;
    }
    this.#moveBegin(last, date, this.statuses.at(-2), seen.at);
  }

  /** Still not in service; the in-service date of the service before that has changed. */
  #reviseFormerService(seen: Sighting, last: ObservedStatus): void {
    const date = seen.inServiceDate;
    if (date === undefined) return;
    const event = eventOf(seen);
    if (date > last.from) {
      // In service again since then, and out of service again, between two runs.
      if (date <= this.#changedAt || event === undefined || event <= date) return;
      this.#end(last, date, seen, false);
      this.#addFormerService(seen, event);
      this.#begin(seen, event);
      return;
    }
    const former = this.statuses.at(-2);
    if (former === undefined) {
      this.statuses.pop();
      this.#addFormerService(seen, last.from);
      this.statuses.push(last);
    } else if (former.status === inService && former.to === last.from && date < last.from) {
      this.#moveBegin(former, date, this.statuses.at(-3), seen.at);
    }
  }

  #addFormerService(seen: Sighting, until: number): void {
    const date = seen.inServiceDate;
    if (date === undefined || date >= until) return;
    this.statuses.push({ ...observed(inService, date, date, seen.at), to: until });
    this.#changedAt = seen.at;
  }

  #moveBegin(of: ObservedStatus, to: number, earlier: ObservedStatus | undefined, now: number): void {
    const from = Math.max(to, earlier?.to ?? -Infinity);
    of.event = to;
    if (from === of.from) return;
    of.from = from;
    this.#changedAt = now;
  }

  #begin(seen: Sighting, earliest: number): void {
    const event = eventOf(seen);
    this.statuses.push(observed(seen.status, Math.max(event ?? seen.at, earliest), event, seen.at));
    this.#changedAt = seen.at;
  }

  #end(of: ObservedStatus, at: number, seen: Sighting, vanished: boolean): void {
    of.to = at;
    of.vanished = vanished;
    this.#changedAt = seen.at;
  }
}

/** When the number got the status that was seen; undefined if the details don't say, or give a future date. */
function eventOf({ at, status, inServiceDate, lastModified }: Sighting): number | undefined {
  const event = status === inService ? inServiceDate : lastModified;
  return event !== undefined && event <= at ? event : undefined;
}

function observed(status: string, from: number, event: number | undefined, seenAt: number): ObservedStatus {
  return { status, from, to: undefined, event, seenAt, seenAgain: [], vanished: false };
}
