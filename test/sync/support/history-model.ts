import type { Ledger } from './ledger.js';

// The expected history, computed one number at a time from what each run saw. Written from the design, not from
// the SQL.

/** What a run saw of a number. Times are epoch microseconds, PostgreSQL's precision. */
export interface Sighting {
  status: string;
  inServiceDate: bigint | undefined;
  lastModified: bigint | undefined;
  /** All other columns in one. An unchanged number is not processed again. */
  rest?: string;
}

export interface Interval {
  status: string;
  from: bigint;
  to: bigint | undefined;
}

/** A number with any other status is no longer the account's. */
const isHeld = (status: string) => status === 'Inservice' || status === 'InAccount';

/** A number's history, run by run. */
export class NumberHistory {
  intervals: Interval[] = [];
  /** The history as recorded after each run that changed it. */
  readonly recorded: { at: bigint; intervals: Interval[] }[] = [];
  #last: string | undefined;
  #inServiceDate: bigint | undefined;
  /** What the first run saw, until a run saw something else. */
  #first: (Sighting & { at: bigint }) | undefined;
  /** When the last interval was last changed. */
  #since = 0n;

  /** A run at `now` that saw the number like this, or not at all. */
  night(now: bigint, seen: Sighting | undefined): void {
    const before = render(this.intervals);
    const open = this.intervals.find(({ to }) => to === undefined);
    if (seen === undefined) {
      // It left: its last interval ends, and none starts.
      if (open !== undefined) open.to = later(now, open.from + 1n);
    } else {
      this.#see(now, seen, open);
    }
    const state = seen === undefined ? undefined : describe(seen);
    const learnt = this.#first !== undefined && state !== this.#last && mereDetails(this.#first, seen);
    // This applies only to the first sighting, and only once.
    if (this.#last === undefined && this.#since === 0n && seen !== undefined) this.#first = { ...seen, at: now };
    else if (state !== this.#last) this.#first = undefined;
    this.#last = state;
    this.#inServiceDate = seen?.inServiceDate;
    if (render(this.intervals) === before) return;
    if (!learnt) this.#since = now;
    this.recorded.push({ at: now, intervals: structuredClone(this.intervals) });
  }

  #see(now: bigint, seen: Sighting, open: Interval | undefined): void {
    const isInService = seen.status === 'Inservice';
    const event = isInService ? seen.inServiceDate : seen.lastModified;
    const past = (time: bigint | undefined) => (time === undefined || time > now ? now : time);
    const last = this.intervals.at(-1);
    if (last === undefined) {
      // First sighting. A number that is no longer in service was in service before.
      if (!isHeld(seen.status) && seen.inServiceDate !== undefined) {
        const until = past(seen.lastModified);
        if (seen.inServiceDate < until) {
          this.intervals.push({ status: 'Inservice', from: seen.inServiceDate, to: until });
        }
      }
      this.intervals.push({ status: seen.status, from: past(event), to: undefined });
      return;
    }
    if (open === undefined) {
      // It was gone and is back. If the event is within a recorded interval of another status, that interval was too long.
      const end = last.to as bigint;
      if (last.status !== seen.status && event !== undefined && event > last.from && event < end) last.to = event;
      const inServiceDate = isHeld(seen.status) ? undefined : seen.inServiceDate;
      if (inServiceDate !== undefined && inServiceDate >= (last.to as bigint) && inServiceDate < past(event)) {
        this.intervals.push({ status: 'Inservice', from: inServiceDate, to: past(event) });
      }
      const gone = this.intervals.at(-1)?.to as bigint;
      this.intervals.push({ status: seen.status, from: later(past(event), gone), to: undefined });
      return;
    }
    if (describe(seen) === this.#last) return;
    const dateIsNews = seen.inServiceDate !== this.#inServiceDate;
    if (open.status === 'Inservice' && (isInService || dateIsNews)) this.#dateService(now, seen.inServiceDate, open);
    if (!isHeld(open.status) && open.status === seen.status && dateIsNews) {
      this.#dateFormerService(now, seen, open);
    }
    if (open.status !== seen.status) {
      const current = this.intervals.at(-1) as Interval;
      current.to = event !== undefined && event > current.from && event <= now ? event : later(now, current.from + 1n);
      this.intervals.push({ status: seen.status, from: later(past(event), current.to), to: undefined });
    }
  }

  /** Still in service, with a date that is known only now. */
  #dateService(now: bigint, date: bigint | undefined, open: Interval): void {
    if (date === undefined || date > now) return;
    if (date > this.#since) {
      // After everything recorded so far: activated again.
      open.to = date;
      this.intervals.push({ status: 'Inservice', from: date, to: undefined });
    } else {
      open.from = later(date, this.intervals.at(-2)?.to ?? date);
    }
  }

  /** In service before its current status, with a date that is known only now. */
  #dateFormerService(now: bigint, { status, inServiceDate: date, lastModified }: Sighting, open: Interval): void {
    if (date === undefined) return;
    if (date > open.from) {
      if (date <= this.#since || lastModified === undefined || lastModified <= date || lastModified > now) return;
      open.to = date;
      this.intervals.push({ status: 'Inservice', from: date, to: lastModified });
      this.intervals.push({ status, from: lastModified, to: undefined });
      return;
    }
    if (date === open.from) return;
    const former = this.intervals.at(-2);
    if (former === undefined) this.intervals.unshift({ status: 'Inservice', from: date, to: open.from });
    else if (former.status === 'Inservice' && former.to === open.from) {
      former.from = later(date, this.intervals.at(-3)?.to ?? date);
    }
  }
}

/** Whether a run only added details to the first sighting. */
function mereDetails(first: Sighting & { at: bigint }, seen: Sighting | undefined): boolean {
  if (seen === undefined) return false;
  const same = <T>(then: T | undefined, now: T | undefined) => then === undefined || then === now;
  return (
    first.status === 'Inservice' &&
    seen.status === 'Inservice' &&
    same(first.rest, seen.rest) &&
    same(first.inServiceDate, seen.inServiceDate) &&
    same(first.lastModified, seen.lastModified) &&
    (seen.inServiceDate === undefined || seen.inServiceDate <= first.at)
  );
}

function describe({ status, inServiceDate, lastModified, rest }: Sighting): string {
  return `${status} ${inServiceDate} ${lastModified} ${rest}`;
}

export function render(intervals: readonly Interval[]): string {
  return intervals.map(({ status, from, to }) => `${status} ${from}-${to ?? ''}`).join(', ');
}

function later(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

export function micros(date: Date): bigint;
export function micros(date: Date | undefined): bigint | undefined;
export function micros(date: Date | undefined): bigint | undefined {
  return date === undefined ? undefined : BigInt(date.getTime()) * 1000n;
}

const epoch = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint`;

type IntervalRow = { number: string; status: string; valid_from: string; valid_to: string | null };

/** The rendered histories in the database by number, as recorded now or at a given time. */
export async function storedHistories(
  ledger: Pick<Ledger, 'query'>,
  account: string,
  knownAt?: bigint,
): Promise<Map<string, string>> {
  const columns = `telephone_number as number, status, ${epoch('valid_from')} as valid_from, ${epoch('valid_to')} as valid_to`;
  const rows = await ledger.query<IntervalRow>(
    knownAt === undefined
      ? `select ${columns} from number_status_history where account_id = $1 order by number, valid_from`
      : `select * from (
           select ${columns} from number_status_history where account_id = $1 and ${epoch('recorded_from')} <= $2
           union all
           select ${columns} from number_status_history_superseded
            where account_id = $1 and ${epoch('recorded_from')} <= $2 and ${epoch('recorded_to')} > $2
         ) as known order by number, valid_from`,
    knownAt === undefined ? [account] : [account, knownAt],
  );
  const histories = new Map<string, Interval[]>();
  for (const { number, status, valid_from, valid_to } of rows) {
    const intervals = histories.get(number) ?? [];
    intervals.push({ status, from: BigInt(valid_from), to: valid_to === null ? undefined : BigInt(valid_to) });
    histories.set(number, intervals);
  }
  return new Map([...histories].map(([number, intervals]) => [number, render(intervals)]));
}

/** Returns rows that violate the invariants of every history. */
export function impossibilities(ledger: Pick<Ledger, 'query'>): Promise<unknown[]> {
  return ledger.query(`
    select 'overlap' as what, h.* from number_status_history h join number_status_history o using (account_id, telephone_number)
     where h.valid_from < o.valid_from and coalesce(h.valid_to, 'infinity') > o.valid_from
    union all
    select 'open though the number left, or none open though it did not', h.* from telephone_numbers t
      left join number_status_history h
        on h.account_id = t.account_id and h.telephone_number = t.telephone_number and h.valid_to is null
     where (t.removed_at is null) <> (h.valid_from is not null) or h.status <> t.status
    limit 5`);
}

/** The database's time of the last run that changed something. */
export async function lastNight(ledger: Pick<Ledger, 'query'>): Promise<bigint> {
  const [row] = await ledger.query<{ at: string }>(`select ${epoch('max(changed_at)')} as at from telephone_numbers`);
  return BigInt(row?.at ?? 0);
}
