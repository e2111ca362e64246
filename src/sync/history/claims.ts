/** What the nights saw of a number since `at`, until the next sighting; times are microseconds since 1970. */
export interface Sighting {
  at: number;
  /** False: neither listing named it. */
  present: boolean;
  status: string;
  inServiceDate: number | undefined;
  lastModified: number | undefined;
}

/** An interval as the nights alone tell it. */
export interface Claim {
  status: string;
  from: number;
  /** Undefined: still. */
  to: number | undefined;
  /** The date that the API names for the begin, where it does; `from` is later where an earlier claim reaches beyond it. */
  event: number | undefined;
  /** The night that first saw it. */
  seenAt: number;
  /** Nights after the first that saw it still, with something changed about it. */
  seenAgain: number[];
  /** It ended because nothing named the number any more, so that nothing but the night dates the end. */
  vanished: boolean;
}

export const inService = 'Inservice';

/** The account's, and not yet live. */
export const inAccount = 'InAccount';

/** Whether a number of this status is the account's; one of any other status was, and may be again. */
export function isInventory(status: string): boolean {
  return status === inService || status === inAccount;
}

/**
 * Which status a number had when, by what the nights saw of it, oldest first.
 *
 * Claims are dated by the event where the number details tell it: Inservice begins on the in-service date, another status with
 * the last change that they name when the status is first seen. Where they tell nothing, the night dates them. No two overlap.
 */
export function claimsOf(sightings: readonly Sighting[]): Claim[] {
  const reader = new SightingReader();
  for (const sighting of sightings) reader.read(sighting);
  return reader.claims;
}

class SightingReader {
  readonly claims: Claim[] = [];
  /** The night that last changed a claim: an in-service date after it is news, one before it a correction. */
  #changedAt = 0;
  #inServiceDate: number | undefined;

  read(seen: Sighting): void {
    const last = this.claims.at(-1);
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
    // A number that is not in service any more was before.
    if (!isInventory(seen.status)) this.#addFormerService(seen, eventOf(seen) ?? seen.at);
    this.#begin(seen, -Infinity);
  }

  /** It was gone and is back. */
  #seeAgain(seen: Sighting, last: Claim): void {
    const event = eventOf(seen);
    // With another status it is since an event before the end of its last claim: that end was the night on which it seemed to
    // have left (the in-service list lacked it, and the number details say Aging), and is wrong.
    if (last.status !== seen.status && event !== undefined && event > last.from && event < (last.to as number)) {
      this.#end(last, event, seen, false);
    }
    const end = last.to as number;
    if (!isInventory(seen.status) && (seen.inServiceDate ?? 0) >= end) this.#addFormerService(seen, event ?? seen.at);
    this.#begin(seen, this.claims.at(-1)?.to ?? end);
  }

  #seeOtherStatus(seen: Sighting, last: Claim): void {
    if (last.status === inService && seen.inServiceDate !== this.#inServiceDate) this.#reviseService(seen, last);
    const open = this.claims.at(-1) as Claim;
    const event = eventOf(seen);
    const end = event !== undefined && event > open.from ? event : Math.max(seen.at, open.from + 1);
    this.#end(open, end, seen, false);
    this.#begin(seen, end);
  }

  /** In service as before; its in-service date may be another one. */
  #reviseService(seen: Sighting, last: Claim): void {
    const date = seen.inServiceDate;
    if (date === undefined || date > seen.at) return;
    if (date > Math.max(this.#changedAt, last.from)) {
      // After all that was claimed so far: activated anew.
      this.#end(last, date, seen, false);
      this.claims.push(claim(inService, date, date, seen.at));
      return;
    }
    this.#moveBegin(last, date, this.claims.at(-2), seen.at);
  }

  /** Not in service as before; the in-service date of the time before that is another one than was known. */
  #reviseFormerService(seen: Sighting, last: Claim): void {
    const date = seen.inServiceDate;
    if (date === undefined) return;
    const event = eventOf(seen);
    if (date > last.from) {
      // In service once more since then, and out of it again, between two nights.
      if (date <= this.#changedAt || event === undefined || event <= date) return;
      this.#end(last, date, seen, false);
      this.#addFormerService(seen, event);
      this.#begin(seen, event);
      return;
    }
    const former = this.claims.at(-2);
    if (former === undefined) {
      this.claims.pop();
      this.#addFormerService(seen, last.from);
      this.claims.push(last);
    } else if (former.status === inService && former.to === last.from && date < last.from) {
      this.#moveBegin(former, date, this.claims.at(-3), seen.at);
    }
  }

  #addFormerService(seen: Sighting, until: number): void {
    const date = seen.inServiceDate;
    if (date === undefined || date >= until) return;
    this.claims.push({ ...claim(inService, date, date, seen.at), to: until });
    this.#changedAt = seen.at;
  }

  #moveBegin(of: Claim, to: number, earlier: Claim | undefined, now: number): void {
    const from = Math.max(to, earlier?.to ?? -Infinity);
    of.event = to;
    if (from === of.from) return;
    of.from = from;
    this.#changedAt = now;
  }

  #begin(seen: Sighting, earliest: number): void {
    const event = eventOf(seen);
    this.claims.push(claim(seen.status, Math.max(event ?? seen.at, earliest), event, seen.at));
    this.#changedAt = seen.at;
  }

  #end(of: Claim, at: number, seen: Sighting, vanished: boolean): void {
    of.to = at;
    of.vanished = vanished;
    this.#changedAt = seen.at;
  }
}

/** When the number came to have the status that was seen; undefined where the details don't say, or name a date to come. */
function eventOf({ at, status, inServiceDate, lastModified }: Sighting): number | undefined {
  const event = status === inService ? inServiceDate : lastModified;
  return event !== undefined && event <= at ? event : undefined;
}

function claim(status: string, from: number, event: number | undefined, seenAt: number): Claim {
  return { status, from, to: undefined, event, seenAt, seenAgain: [], vanished: false };
}
