import { type ReportCall, type Requested, requestReport } from '../dashboard/billing-reports.js';
import { change } from '../database/transaction.js';
import { addDays, type Day, today } from '../days.js';
import { UsageError } from '../errors.js';
import type { JobContext } from '../run/job.js';
import { shapeOf } from './report-type.js';

export interface WantedDays {
  type: string;
  from: Day;
  to: Day;
}

export interface RequestedDays {
  answer: Exclude<Requested, { kind: 'range refused' }>;
  /** Last day of the requested range; later than the last wanted day if Bandwidth refuses a one-day range. */
  requestedTo: Day;
}

/**
 * Requests a report. Bandwidth may refuse a range whose end equals its start (15501). Such a day is requested
 * together with the next one, which is recorded for the account, type and resource so that later requests start
 * that way. Rows of the next day are left out when the report is loaded, so only types whose rows have a time are
 * requested this way.
 *
 * @throws {UsageError} for days that the API refuses either way
 */
export async function requestDays(context: JobContext, call: ReportCall, wanted: WantedDays): Promise<RequestedDays> {
  const { type, from, to } = wanted;
  const { account, resource } = call;
  const { database } = context;
  const key = [account, type, resource];
  const mayAddDay = from === to && shapeOf(type).timeColumn !== undefined;
  const longer = addDays(to, 1);
  const isKnown =
    mayAddDay &&
    (
      await database.pool.query(
        'select from sync_billing_ranges where account_id = $1 and type = $2 and source = $3',
        key,
      )
    ).rowCount === 1;
  const ends = mayAddDay ? (isKnown ? [longer, to] : [to, longer]) : [to];
  const refusals: string[] = [];
  for (const end of ends) {
    const answer = await requestReport(call, { type, from, to: end });
    if (answer.kind === 'range refused') {
      refusals.push(`${from} to ${end} for a report of type ${type} (account ${account}): ${answer.description}`);
      continue;
    }
    // A "not yet" response shows nothing about the range.
    if (answer.kind === 'accepted' && isKnown !== (end === longer)) {
      await change(
        database,
        isKnown
          ? 'delete from sync_billing_ranges where account_id = $1 and type = $2 and source = $3'
          : 'insert into sync_billing_ranges (account_id, type, source) values ($1, $2, $3) on conflict do nothing',
        key,
      );
    }
    return { answer, requestedTo: end };
  }
  const isToday = mayAddDay && from === today(context);
  const notAdded = from === to && !mayAddDay;
  throw new UsageError(
    `Bandwidth refuses the days ${refusals.join('; and ')}.${notAdded ? ` It was not requested with the next day because the rows of type ${type} don't show their day.` : ''}`,
    {
      hint: isToday
        ? "Today isn't over yet. Request it again tomorrow."
        : `Use \`tn-ledger billing --from DATE --to DATE\` with days in UTC, the first not after the last.${notAdded ? ` Request several days at once with tn-ledger billing --type ${type}.` : ''}`,
    },
  );
}
