import type pg from 'pg';
import type { Day } from '../days.js';
import type { FilingDeadline } from '../filing-deadlines.js';

/** The latest file that was written for a deadline. */
export interface WrittenFile {
  /** `filing 1` in nruf_filings, or `report 1` in rnd_reports. */
  which: string;
  fileName: string;
  /** Day (UTC) on which it was written. */
  on: Day;
}

const tables: Record<FilingDeadline['filing'], string> = {
  nruf: `select 'filing ' || filing_id as which, as_of as first, as_of as last, accounts, created_at, file_name from nruf_filings`,
  reassigned: `select 'report ' || report_id, first_day, last_day, accounts, created_at, file_name from rnd_reports`,
};

/**
 * Returns the file that was written for a deadline, which is taken as filed.
 *
 * @param account only files that have this account; undefined: any
 */
export async function readWrittenFile(
  client: pg.ClientBase,
  { filing, first, last }: FilingDeadline,
  account?: string,
): Promise<WrittenFile | undefined> {
  const { rows } = await client.query<WrittenFile>(
    `select which, file_name as "fileName", (created_at at time zone 'UTC')::date::text as on
       from (${tables[filing]}) as written (which, first, last, accounts, created_at, file_name)
      where first <= $1 and last >= $2 and ($3::text is null or accounts is null or $3 = any(accounts))
      order by created_at desc, length(which) desc, which desc limit 1`,
    [first, last, account ?? null],
  );
  return rows[0];
}
