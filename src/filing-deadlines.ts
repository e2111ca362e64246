import { addDays, type Day, daysBetween, nextMonth, yearStart } from './days.js';

/** The next date on which a filing is due. */
export interface FilingDeadline {
  filing: 'nruf' | 'reassigned';
  /** What is filed: `NRUF (FCC Form 502), numbers as of 2026-12-31`. */
  what: string;
  /** The day on which it is due. */
  due: Day;
  /** Days left; 0: today. */
  days: number;
  /** For NRUF: the day as of which numbers are reported. */
  asOf?: Day;
  /** First day of what is reported; for NRUF, the day as of which numbers are reported. */
  first: Day;
  /** Last day of what is reported, which must be over before it can be prepared. */
  last: Day;
  /** The command that prepares it. */
  command: string;
}

/**
 * The next deadline of each filing, the nearest first: NRUF on 1 February (as of 31 December) and 1 August (as of 30
 * June), 47 CFR 52.15(f)(6); disconnected numbers for the Reassigned Numbers Database on the 15th of each month, 47 CFR
 * 64.1200(l).
 */
export function nextDeadlines(today: Day): FilingDeadline[] {
  const year = Number(today.slice(0, 4));
  const asOf = [addDays(yearStart(year), -1), `${year}-06-30`, `${year}-12-31`].find((day) => nrufDue(day) >= today);
  if (asOf === undefined) throw new RangeError(`No NRUF deadline follows ${today}`);
  const ofMonth = `${today.slice(0, 8)}15`;
  const reassignedDue = ofMonth >= today ? ofMonth : `${nextMonth(today).slice(0, 8)}15`;
  const last = addDays(`${reassignedDue.slice(0, 8)}01`, -1);
  const month = last.slice(0, 7);
  const deadlines = [
    {
      filing: 'reassigned' as const,
      what: 'permanently disconnected numbers for the Reassigned Numbers Database',
      due: reassignedDue,
      ...{ first: `${month}-01`, last, command: `tn-ledger rnd --month ${month} --out disconnected.csv` },
    },
    {
      filing: 'nruf' as const,
      what: `NRUF (FCC Form 502), numbers as of ${asOf}`,
      due: nrufDue(asOf),
      ...{ asOf, first: asOf, last: asOf, command: `tn-ledger filing prepare --due ${nrufDue(asOf)}` },
    },
  ];
  return deadlines
    .map((deadline) => ({ ...deadline, days: daysBetween(today, deadline.due) }))
    .sort((one, other) => one.days - other.days);
}

/** The day on which the numbers as of 30 June or 31 December are due. */
export function nrufDue(asOf: Day): Day {
  return asOf.endsWith('-06-30') ? `${asOf.slice(0, 4)}-08-01` : `${Number(asOf.slice(0, 4)) + 1}-02-01`;
}
