import type pg from 'pg';
import { unresolved } from '../assignment/rejected-files.js';
import { portins } from '../dashboard/resources/portins.js';
import { formatCount } from '../format.js';
import { readWrittenFile } from '../nruf/written-files.js';
import { accountsWithRuns } from '../run/recorded-runs.js';
import type { NightStates } from '../schedule/read-nights.js';
import { unresolvedFile } from '../stored-files/find-files.js';
import { wallTimeAt } from '../wall-clock.js';
import { deadlinesOn } from './deadlines.js';
import type { Message, Names } from './message.js';

/** How many items of each kind a digest lists. */
const mostListed = 10;
/** A night in progress doesn't delay the digest for longer than this, in hours. */
const longestWait = 6;

/** The day, in the zone, whose digest is due: its first nightly run has ended, and none is in progress. */
export async function readDigestDay(
  client: pg.ClientBase,
  nights: readonly NightStates[],
  { now, timezone }: { now: Date; timezone: string },
): Promise<string | undefined> {
  const today = new Date(wallTimeAt(now.getTime(), timezone)).toISOString().slice(0, 10);
  const { rows } = await client.query<{ first: Date | null; busy: boolean }>(
    `with recursive ${accountsWithRuns}
     select min(finished_at) filter (where (finished_at at time zone $1)::date = $2::date and status <> 'interrupted') as first,
            bool_or(status = 'running') as busy
       from accounts join sync_runs r using (account_id)
      where r.job = 'nightly' and r.started_at > clock_timestamp() - interval '3 days'`,
    [timezone, today],
  );
  const { first, busy } = rows[0] as (typeof rows)[number];
  if (first === null) return undefined;
  const isPlanned = nights.some(({ accounts }) =>
    accounts.some((each) => each.state === 'waiting' && each.attempts === 0),
  );
  const hours = (now.getTime() - first.getTime()) / 3_600_000;
  return (busy || isPlanned) && hours < longestWait ? undefined : today;
}

/** Reads what somebody should look at: undefined if there is nothing. */
export async function readDigest(client: pg.ClientBase, day: string, names: Names): Promise<Message | undefined> {
  const sections = [
    ...(await rejectedFiles(client, names)),
    ...(await rejectedLines(client, day, names)),
    ...(await stuckPortins(client, names)),
    ...(await filingDeadlines(client, day)),
  ];
  if (sections.length === 0) return undefined;
  return { event: 'digest', title: `digest of ${day}`, body: sections.join('\n\n') };
}

interface Listed {
  count: number;
}

function section<T extends Listed>(
  rows: readonly T[],
  title: (count: number) => string,
  line: (row: T) => string,
  command: string,
): string[] {
  const count = rows[0]?.count ?? 0;
  if (count === 0) return [];
  const more = count > rows.length ? [`- and ${formatCount(count - rows.length)} more: ${command}`] : [];
  return [[title(count), ...rows.map((row) => `- ${line(row)}`), ...more].join('\n')];
}

const plural = (count: number, one: string, many: string) => `${formatCount(count)} ${count === 1 ? one : many}`;

async function rejectedFiles(client: pg.ClientBase, { titleOf }: Names): Promise<string[]> {
  const { rows: batches } = await client.query(
    `select batch_id, account_id, file_name, reason, count(*) over ()::integer as count
       from assignment_batches where ${unresolved} order by batch_id desc limit ${mostListed}`,
  );
  const { rows: files } = await client.query(
    `select f.file_id, f.account_id, f.file_name, f.error, count(*) over ()::integer as count
       from submitted_files f where f.batch_id is null and ${unresolvedFile} order by f.file_id desc limit ${mostListed}`,
  );
  return [
    ...section(
      batches,
      (count) => `${plural(count, 'assignment file was', 'assignment files were')} rejected:`,
      ({ batch_id, account_id, file_name, reason }) =>
        `${file_name} of account ${titleOf(account_id)}: ${reason} Submit a corrected file of the same name, or acknowledge it: tn-ledger assignments ${batch_id} --acknowledge`,
      'tn-ledger assignments',
    ),
    ...section(
      files,
      (count) => `${plural(count, 'submitted file was', 'submitted files were')} rejected:`,
      ({ file_id, account_id, file_name, error }) =>
        `${file_name} of account ${titleOf(account_id)}: ${error} Submit a corrected file of the same name, or acknowledge it: tn-ledger files acknowledge ${file_id}`,
      'tn-ledger files',
    ),
  ];
}

/** Of the batches that ended since the last digest, or in the last day. */
async function rejectedLines(client: pg.ClientBase, day: string, { titleOf }: Names): Promise<string[]> {
  const { rows } = await client.query(
    `select batch_id, account_id, file_name, failed_count, coalesce(rejected_count, 0) as rejected_count,
            count(*) over ()::integer as count
       from assignment_batches
      where status <> 'rejected' and failed_count + coalesce(rejected_count, 0) > 0
        and coalesce(finished_at, created_at) > coalesce(
          (select max(alerted_at) from alerts where cause like 'digest %' and cause <> $1), clock_timestamp() - interval '1 day')
      order by batch_id desc limit ${mostListed}`,
    [digestCause(day)],
  );
  return section(
    rows,
    (count) => `${plural(count, 'assignment file has', 'assignment files have')} numbers that were not marked:`,
    ({ batch_id, account_id, file_name, failed_count, rejected_count }) =>
      `${file_name} of account ${titleOf(account_id)}: ${formatCount(rejected_count)} rejected, ${formatCount(failed_count)} failed. List them: tn-ledger assignments ${batch_id}`,
    'tn-ledger assignments',
  );
}

async function stuckPortins(client: pg.ClientBase, { titleOf }: Names): Promise<string[]> {
  const sections: string[] = [];
  for (const { table = portins.table, condition, text } of portins.concerns) {
    const { rows } = await client.query(
      `select account_id, order_id, count(*) over ()::integer as count
         from ${table} where ${condition} order by last_modified_date nulls first limit ${mostListed}`,
    );
    sections.push(
      ...section(
        rows,
        (count) => text(formatCount(count), count === 1).replace(/\.$/, ', the oldest first:'),
        ({ account_id, order_id }) => `port-in ${order_id} of account ${titleOf(account_id)}`,
        'tn-ledger report',
      ),
    );
  }
  return sections;
}

async function filingDeadlines(client: pg.ClientBase, day: string): Promise<string[]> {
  const lines: string[] = [];
  for (const deadline of deadlinesOn(day)) {
    if ((await readWrittenFile(client, deadline)) !== undefined) continue;
    const { what, days, command } = deadline;
    const when = days === 0 ? 'today' : days === 1 ? 'tomorrow' : `in ${days} days`;
    lines.push(`- due ${when}: ${what}; ${command}`);
  }
  return lines.length === 0 ? [] : [['Filing deadlines:', ...lines].join('\n')];
}

/** What a digest is recorded as. */
export function digestCause(day: string): string {
  return `digest ${day}`;
}
