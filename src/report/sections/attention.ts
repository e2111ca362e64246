import { unresolved } from '../../assignment/rejected-files.js';
import { orderDescriptions } from '../../dashboard/registry.js';
import { formatCount, formatDuration } from '../../format.js';
import { jobsOfListings } from '../../sync/number-listings.js';
import { type Html, html } from '../html.js';
import { type Scope, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { sqlText } from '../table.js';
import type { ReportedRun, Runs } from './runs.js';

/** An item in the list of what needs attention. */
export interface Concern {
  /** `problem`: something failed; `notice`: something to decide or complete. */
  kind: 'problem' | 'notice';
  text: string;
  /** Returns the rows behind it. */
  sql?: string;
}

/** The nightly run is due every day; 12 more hours allow for its duration. */
const lateAfterHours = 36;

/** Everything in the last runs and in the tables that needs attention, problems first. */
export async function readConcerns(scope: Scope, { runs }: Runs): Promise<Concern[]> {
  const concerns = [
    ...concernsOfRuns(scope, runs),
    ...(await concernsOfNightlyRuns(scope, runs)),
    ...(await concernsOfListings(scope)),
    ...(await concernsOfRejectedFiles(scope)),
    ...(await countedConcerns(scope)),
  ];
  return [...concerns.filter(({ kind }) => kind === 'problem'), ...concerns.filter(({ kind }) => kind === 'notice')];
}

function concernsOfRuns(scope: Scope, runs: readonly ReportedRun[]): Concern[] {
  const unsuccessful = runs.filter(({ status }) => status === 'failed' || status === 'interrupted');
  const concerns: Concern[] = unsuccessful
    // A nightly run that failed because of its jobs adds nothing to them.
    .filter(
      ({ job, account_id }) =>
        job !== 'nightly' || !unsuccessful.some((other) => other.job !== job && other.account_id === account_id),
    )
    .map(({ job, account_id, status }) => ({
      kind: 'problem',
      text: `The last run of ${job} for account ${account_id} ${status === 'failed' ? 'failed' : 'was interrupted'}. Run it again: \`tn-ledger run ${job} --account ${account_id}\`.`,
    }));
  const warned = runs.filter(({ warnings }) => warnings.length > 0);
  if (warned.length > 0) {
    const count = warned.reduce((sum, { warnings }) => sum + warnings.length, 0);
    concerns.push({
      kind: 'notice',
      text: `${formatCount(count)} ${count === 1 ? 'warning' : 'warnings'} in the last runs: ${[...new Set(warned.map(({ job }) => job))].join(', ')}.`,
      sql: `select job, account_id, started_at, warnings from sync_runs
where warnings <> '[]'${shownCondition(scope, 'and')} order by started_at desc`,
    });
  }
  return concerns;
}

async function concernsOfNightlyRuns({ client }: Scope, runs: readonly ReportedRun[]): Promise<Concern[]> {
  const { rows } = await client.query<{ account_id: string; age: number | null }>(
    `select account_id, extract(epoch from now() - (
         select max(finished_at) from sync_runs r
          where r.account_id = a.account_id collate "C" and r.job = 'nightly' and r.status = 'succeeded'))::float8 as age
       from unnest($1::text[]) as a (account_id) order by account_id`,
    [[...new Set(runs.map(({ account_id }) => account_id))]],
  );
  const concerns: Concern[] = [];
  for (const { account_id, age } of rows) {
    const nightly = runs.find((run) => run.job === 'nightly' && run.account_id === account_id);
    if (age === null) {
      const running = nightly?.status === 'running';
      const text =
        nightly === undefined
          ? 'No nightly run has started yet'
          : running
            ? 'The first nightly run is still running'
            : 'No nightly run has succeeded yet';
      concerns.push({ kind: running ? 'notice' : 'problem', text: `${text} for account ${account_id}.` });
    } else if (age > lateAfterHours * 3600) {
      concerns.push({
        kind: 'problem',
        text: `The last successful nightly run for account ${account_id} finished ${formatDuration(age)} ago. The data may be that old.`,
      });
    }
  }
  return concerns;
}

async function concernsOfListings({ client, account }: Scope): Promise<Concern[]> {
  const { rows } = await client.query(
    `select account_id, listing, state from sync_cursors
      where pages_read <> '{}' and ($1::text is null or account_id = $1) order by account_id, listing`,
    [account ?? null],
  );
  return rows.map(({ account_id, listing, state }) =>
    state === 'held'
      ? {
          kind: 'problem',
          text: `The listing ${listing} for account ${account_id} is held, because it would close more numbers than allowed. If that many numbers really left, accept it: \`tn-ledger run ${jobsOfListings[listing] ?? 'nightly'} --account ${account_id} --accept-shrink\`.`,
        }
      : {
          kind: 'notice',
          text: `The listing ${listing} for account ${account_id} is partially read. Its next run resumes it.`,
        },
  );
}

const rejectedFilesNamed = 20;

async function concernsOfRejectedFiles({ client, account }: Scope): Promise<Concern[]> {
  const { rows } = await client.query(
    `select batch_id, account_id, file_name, reason, count(*) over ()::float8 as count from assignment_batches
      where ${unresolved} and ($1::text is null or account_id = $1) order by batch_id desc limit $2`,
    [account ?? null, rejectedFilesNamed],
  );
  const concerns = rows.map(
    ({ batch_id, account_id, file_name, reason }): Concern => ({
      kind: 'problem',
      text: `The assignment file ${file_name} for account ${account_id} was rejected (batch ${batch_id}): ${reason} Submit a corrected file with the same name, or acknowledge the rejection: tn-ledger assignments ${batch_id} --acknowledge`,
    }),
  );
  const more = (rows[0]?.count ?? 0) - rows.length;
  if (more > 0) {
    concerns.push({
      kind: 'problem',
      text: `${formatCount(more)} more assignment ${more === 1 ? 'file was' : 'files were'} rejected. List them: tn-ledger assignments`,
    });
  }
  return concerns;
}

interface Counted {
  kind: Concern['kind'];
  /** The table and condition of the rows behind it. */
  table: string | ((scope: Scope) => string);
  condition: string;
  /** The columns in the SQL that the report shows. */
  columns: string;
  text(count: number): string;
}

const countOf = (count: number, one: string, more: string) => `${formatCount(count)} ${count === 1 ? one : more}`;

const counted: readonly Counted[] = [
  {
    kind: 'problem',
    table: 'assignment_batches',
    condition: `exists (select from assignment_orders o where o.batch_id = assignment_batches.batch_id and o.status = 'unknown')`,
    columns: 'batch_id, file_name, status',
    text: (count) =>
      `${countOf(count, 'assignment batch has', 'assignment batches have')} orders that Bandwidth may or may not have received.`,
  },
  {
    kind: 'problem',
    table: 'assignment_batches',
    condition: `status = 'open' and created_at < now() - interval '1 day'`,
    columns: 'batch_id, file_name, created_at',
    text: (count) =>
      `${countOf(count, 'assignment batch has', 'assignment batches have')} been open for more than a day.`,
  },
  {
    kind: 'notice',
    table: 'assignment_batches',
    condition: `status <> 'rejected' and failed_count + rejected_count > 0 and coalesce(finished_at, created_at) >= now() - interval '7 days'`,
    columns: 'batch_id, file_name, failed_count, rejected_count',
    text: (count) =>
      `${countOf(count, 'assignment batch', 'assignment batches')} in the last 7 days had numbers that failed or were rejected.`,
  },
  ...ofOrders('problem'),
  {
    kind: 'problem',
    table: 'billing_reports',
    condition: `state = 'failed' and replaced_by is null and requested_at >= now() - interval '30 days'`,
    columns: 'report_id, type, start_date, end_date, error',
    text: (count) => `${countOf(count, 'billing report', 'billing reports')} in the last 30 days failed.`,
  },
  ...ofOrders('notice'),
  ...orderDescriptions.map(
    ({ table, titles }): Counted => ({
      kind: 'notice',
      table,
      condition: 'details_error is not null',
      columns: 'order_id, status, details_error',
      text: (count) => `${countOf(count, titles.one, titles.many)} could not be read by id in the last attempt.`,
    }),
  ),
  {
    kind: 'notice',
    table: 'telephone_numbers',
    condition: 'removed_at is null and (discrepancy is not null or owner_account_id is not null)',
    columns: 'telephone_number, status, discrepancy, owner_account_id',
    text: (count) =>
      `${countOf(count, 'number in service has', 'numbers in service have')} no details, the details of another account, or a different status in the details.`,
  },
  {
    kind: 'notice',
    table: 'telephone_numbers',
    condition: `removed_at is null and status = 'Inservice' and npa_nxx_x is not null and (rate_center is null or state is null)`,
    columns: 'telephone_number, rate_center, state',
    text: (count) => `${countOf(count, 'number in service has', 'numbers in service have')} no rate center or state.`,
  },
  {
    kind: 'notice',
    table: ({ day }) => `nruf_number_categories('${day}')`,
    condition: 'undeclared',
    columns: 'telephone_number, rate_center, state',
    text: (count) =>
      `${countOf(count, 'number in the inventory was', 'numbers in the inventory were')} never marked ASSIGNED or UNASSIGNED and ${count === 1 ? 'counts' : 'count'} as available.`,
  },
];

/** The concerns in the descriptions of orders. */
function ofOrders(wanted: Concern['kind']): Counted[] {
  return orderDescriptions.flatMap(({ table, concerns }) =>
    concerns
      .filter(({ kind }) => kind === wanted)
      .map((concern) => ({ table, ...concern, text: (count) => concern.text(formatCount(count), count === 1) })),
  );
}

async function countedConcerns(scope: Scope): Promise<Concern[]> {
  const concerns: Concern[] = [];
  for (const { kind, table: of, condition, columns, text } of counted) {
    const table = typeof of === 'string' ? of : of(scope);
    const { rows } = await scope.client.query(
      `select count(*)::float8 as count from ${table} where ${condition} and ($1::text is null or account_id = $1)`,
      [scope.account ?? null],
    );
    const { count } = rows[0];
    if (count === 0) continue;
    const sql = `select account_id, ${columns} from ${table}\nwhere ${condition}${shownCondition(scope, 'and')}`;
    concerns.push({ kind, text: text(count), sql });
  }
  return concerns;
}

export function attentionSection(concerns: readonly Concern[]): Section {
  const title = 'What needs attention';
  if (concerns.length === 0) return { id: 'attention', title, content: html`<p>Nothing.</p>` };
  return { id: 'attention', title, content: html`<ul class="concerns">\n${concerns.map(item)}</ul>` };
}

function item({ kind, text, sql }: Concern): Html {
  const word = kind === 'problem' ? 'Problem' : 'Notice';
  return html`<li class="${kind}"><strong>${word}:</strong> ${text}${sql === undefined ? '' : html`\n${sqlText(sql)}`}</li>\n`;
}
