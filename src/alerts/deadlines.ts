import { addDays } from '../days.js';
import { dayMs } from '../wall-clock.js';

/** A filing that is due. */
export interface Deadline {
  what: string;
  /** Days left; 0: today. */
  days: number;
  /** For NRUF: the day as of which numbers are reported. */
  asOf?: string;
  /** What to do. */
  how: string;
}

/** How many days before its deadline a filing is mentioned. */
const nrufDays = 14;
const reassignedDays = 3;

/**
 * The filings that are due soon: NRUF on 1 February (as of 31 December) and 1 August (as of 30 June), 47 CFR
 * 52.15(f)(6); disconnected numbers for the Reassigned Numbers Database on the 15th of each month, 47 CFR 64.1200(l).
 *
 * @param today `yyyy-MM-dd`
 */
export function deadlinesOn(today: string): Deadline[] {
  const now = Date.parse(`${today}T00:00Z`);
  const year = Number(today.slice(0, 4));
  const daysUntil = (day: string) => Math.round((Date.parse(`${day}T00:00Z`) - now) / dayMs);
  const nruf = [
    { day: `${year}-02-01`, asOf: `${year - 1}-12-31` },
    { day: `${year}-08-01`, asOf: `${year}-06-30` },
  ].map(({ day, asOf }) => ({
    what: `NRUF (FCC Form 502), numbers as of ${asOf}`,
    days: daysUntil(day),
    asOf,
    how: `tn-ledger filing prepare --due ${day}`,
    within: nrufDays,
  }));
  const reassigned = {
    what: 'permanently disconnected numbers for the Reassigned Numbers Database',
    days: daysUntil(`${today.slice(0, 8)}15`),
    how: `tn-ledger rnd --month ${addDays(`${today.slice(0, 8)}01`, -1).slice(0, 7)} --out disconnected.csv`,
    within: reassignedDays,
  };
  return [...nruf, reassigned]
    .filter(({ days, within }) => days >= 0 && days <= within)
    .map(({ within, ...deadline }) => deadline);
}
