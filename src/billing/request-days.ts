import { type ReportCall, type Requested, requestReport } from '../dashboard/billing-reports.js';
import { UsageError } from '../errors.js';
import { addDays, type Day, dayOf } from '../sync/days.js';
import type { JobContext } from '../sync/job.js';
import { shapeOf } from './report-type.js';

export interface WantedDays {
  type: string;
  from: Day;
  to: Day;
}

export interface RequestedDays {
  answer: Exclude<Requested, { kind: 'range refused' }>;
  /** Last day of the range that was requested; later than the last wanted one where Bandwidth refuses a range of one day. */
  requestedTo: Day;
}

/**
 * Requests a report. Bandwidth may refuse a range whose end equals its start (15501): such a day is requested together with the
 * next one, which is remembered for the account, type and resource, so that later requests begin with it. Rows of the next day are
 * left out when the report is loaded, and so only types whose rows tell their time are requested this way.
 *
 * @throws {UsageError} for days that the API refuses either way
 */
export async function requestDays(context: JobContext, call: ReportCall, wanted: WantedDays): Promise<RequestedDays> {
  const { type, from, to } = wanted;
  const { account, resource } = call;
  const { pool } = context.database;
  const key = [account, type, resource];
  const mayAddDay = from === to && shapeOf(type).timeColumn !== undefined;
  const longer = addDays(to, 1);
  const isKnown =
    mayAddDay &&
    (await pool.query('select from sync_billing_ranges where account_id = $1 and type = $2 and source = $3', key))
      .rowCount === 1;
  const ends = mayAddDay ? (isKnown ? [longer, to] : [to, longer]) : [to];
  const refusals: string[] = [];
  for (const end of ends) {
    const answer = await requestReport(call, { type, from, to: end });
    if (answer.kind === 'range refused') {
      refusals.push(`${from} to ${end} for a report of type ${type} (account ${account}): ${answer.description}`);
      continue;
    }
    // An answer that only puts us off shows nothing of the range.
    if (answer.kind === 'accepted' && isKnown !== (end === longer)) {
      await pool.query(
        isKnown
          ? 'delete from sync_billing_ranges where account_id = $1 and type = $2 and source = $3'
          : 'insert into sync_billing_ranges (account_id, type, source) values ($1, $2, $3) on conflict do nothing',
        key,
      );
    }
    return { answer, requestedTo: end };
  }
  const isToday = mayAddDay && from === dayOf(context.now?.() ?? new Date());
  const notAdded = from === to && !mayAddDay;
  throw new UsageError(
    `Bandwidth refuses the days ${refusals.join('; and ')}.${notAdded ? ` It was not requested with the next day: the rows of type ${type} do not tell which day they are of.` : ''}`,
    {
      hint: isToday
        ? 'Today is not over: request it again tomorrow.'
        : `The days of \`tn-ledger billing --from DATE --to DATE\` are in UTC, the first not after the last.${notAdded ? ` tn-ledger billing --type ${type} requests several days at once.` : ''}`,
    },
  );
}
