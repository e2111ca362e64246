import { unresolved } from '../../assignment/rejected-files.js';
import { formatCount, formatDuration } from '../../format.js';
import { jobsOfListings } from '../../sync/number-listings.js';
import { type Html, html } from '../html.js';
import { type Scope, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { sqlText } from '../table.js';
import type { ReportedRun, Runs } from './runs.js';

/** Something that somebody should look at. */
export interface Concern {
  /** `problem`: something did not work; `notice`: something to decide or to complete. */
  kind: 'problem' | 'notice';
  text: string;
  /** Shows the rows behind it. */
  sql?: string;
}

/** A night is due every day; half a day more is the time that it may take. */
const lateAfterHours = 36;

/** What the last runs and the tables show that needs somebody, problems first. */
export async function readConcerns(scope: Scope, { runs }: Runs): Promise<Concern[]> {
  const concerns = [
    ...concernsOfRuns(scope, runs),
    ...(await concernsOfNights(scope, runs)),
    ...(await concernsOfListings(scope)),
    ...(await concernsOfRejectedFiles(scope)),
    ...(await countedConcerns(scope)),
  ];
  return [...concerns.filter(({ kind }) => kind === 'problem'), ...concerns.filter(({ kind }) => kind === 'notice')];
}

function concernsOfRuns(scope: Scope, runs: readonly ReportedRun[]): Concern[] {
  const unsuccessful = runs.filter(({ status }) => status === 'failed' || status === 'interrupted');
  const concerns: Concern[] = unsuccessful
    // A night that failed because of its jobs has nothing to add to them.
    .filter(
      ({ job, account_id }) =>
        job !== 'nightly' || !unsuccessful.some((other) => other.job !== job && other.account_id === account_id),
    )
    .map(({ job, account_id, status }) => ({
      kind: 'problem',
      text: `The last run of ${job} for account ${account_id} ${status === 'failed' ? 'failed' : 'was interrupted'}. \`tn-ledger run ${job} --account ${account_id}\` runs it again.`,
    }));
  const warned = runs.filter(({ warnings }) => warnings.length > 0);
  if (warned.length > 0) {
    const count = warned.reduce((sum, { warnings }) => sum + warnings.length, 0);
    concerns.push({
      kind: 'notice',
      text: `${formatCount(count)} ${count === 1 ? 'warning' : 'warnings'} of the last runs: ${[...new Set(warned.map(({ job }) => job))].join(', ')}.`,
      sql: `select job, account_id, started_at, warnings from sync_runs
where warnings <> '[]'${shownCondition(scope, 'and')} order by started_at desc`,
    });
  }
  return concerns;
}

async function concernsOfNights({ client }: Scope, runs: readonly ReportedRun[]): Promise<Concern[]> {
  const { rows } = await client.query<{ account_id: string; age: number | null }>(
    `select account_id, extract(epoch from now() - max(finished_at) filter (where job = 'nightly' and status = 'succeeded'))::float8 as age
       from sync_runs where account_id = any($1) group by account_id order by account_id`,
    [[...new Set(runs.map(({ account_id }) => account_id))]],
  );
  const concerns: Concern[] = [];
  for (const { account_id, age } of rows) {
    const night = runs.find((run) => run.job === 'nightly' && run.account_id === account_id);
    if (age === null) {
      const running = night?.status === 'running';
      const text =
        night === undefined
          ? 'No night has run yet'
          : running
            ? 'The first night is still running'
            : 'No night has succeeded yet';
      concerns.push({ kind: running ? 'notice' : 'problem', text: `${text} for account ${account_id}.` });
    } else if (age > lateAfterHours * 3600) {
      concerns.push({
        kind: 'problem',
        text: `The last night of account ${account_id} that succeeded ended ${formatDuration(age)} ago: the data may be that old.`,
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
          text: `The listing ${listing} of account ${account_id} would close more numbers than allowed and is held. If that many numbers really left: \`tn-ledger run ${jobsOfListings[listing] ?? 'nightly'} --account ${account_id} --accept-shrink\`.`,
        }
      : {
          kind: 'notice',
          text: `The listing ${listing} of account ${account_id} is half-read; its next run goes on with it.`,
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
      text: `The assignment file ${file_name} of account ${account_id} was rejected (batch ${batch_id}): ${reason} Submit a corrected file of the same name, or acknowledge it: tn-ledger assignments ${batch_id} --acknowledge`,
    }),
  );
  const more = (rows[0]?.count ?? 0) - rows.length;
  if (more > 0) {
    concerns.push({
      kind: 'problem',
      text: `${formatCount(more)} more assignment files were rejected: tn-ledger assignments.`,
    });
  }
  return concerns;
}

interface Counted {
  kind: Concern['kind'];
  /** Table and condition of the rows behind it. */
  table: string | ((scope: Scope) => string);
  condition: string;
  /** Columns that are shown of them. */
  columns: string;
  text(count: number): string;
}

const are = (count: number, one: string, more: string) => `${formatCount(count)} ${count === 1 ? one : more}`;

const orderKinds = [
  ['orders', 'number order', 'number orders'],
  ['disconnects', 'disconnect order', 'disconnect orders'],
  ['portins', 'port-in', 'port-ins'],
  ['portouts', 'port-out', 'port-outs'],
  ['number_assignment_orders', 'assignment order', 'assignment orders'],
  ['import_tn_orders', 'import order', 'import orders'],
  ['remove_imported_tn_orders', 'removal of imported numbers', 'removals of imported numbers'],
] as const;

const counted: readonly Counted[] = [
  {
    kind: 'problem',
    table: 'assignment_batches',
    condition: `exists (select from assignment_orders o where o.batch_id = assignment_batches.batch_id and o.status = 'unknown')`,
    columns: 'batch_id, file_name, status',
    text: (count) =>
      `${are(count, 'assignment batch has', 'assignment batches have')} orders of which nobody can tell whether Bandwidth took them.`,
  },
  {
    kind: 'problem',
    table: 'assignment_batches',
    condition: `status = 'open' and created_at < now() - interval '1 day'`,
    columns: 'batch_id, file_name, created_at',
    text: (count) => `${are(count, 'assignment batch is', 'assignment batches are')} open for more than a day.`,
  },
  {
    kind: 'notice',
    table: 'assignment_batches',
    condition: `status <> 'rejected' and failed_count + rejected_count > 0 and coalesce(finished_at, created_at) >= now() - interval '7 days'`,
    columns: 'batch_id, file_name, failed_count, rejected_count',
    text: (count) =>
      `${are(count, 'assignment batch', 'assignment batches')} of the last 7 days had numbers that failed or were rejected.`,
  },
  {
    kind: 'problem',
    table: 'number_assignment_order_numbers',
    condition: `outcome = 'UNKNOWN'`,
    columns: 'telephone_number, order_id',
    text: (count) =>
      `Bandwidth's answers do not tell what became of ${are(count, 'number', 'numbers')} of assignment orders: ${count === 1 ? 'it counts' : 'they count'} as not declared, and the next nightly run asks again.`,
  },
  {
    kind: 'problem',
    table: 'number_assignment_orders',
    condition: `unknown_since is not null and not exists (select from number_assignment_order_numbers n
    where n.account_id = number_assignment_orders.account_id and n.order_id = number_assignment_orders.order_id and n.outcome = 'UNKNOWN')`,
    columns: 'order_id, total_quantity, unknown_since, unknown_reason',
    text: (count) =>
      `${are(count, 'assignment order does', 'assignment orders do')} not name all numbers that ${count === 1 ? 'it counts' : 'they count'}; the next nightly run asks again.`,
  },
  ...orderKinds.slice(-2).map(
    ([table, one, more]): Counted => ({
      kind: 'problem',
      table,
      condition: 'unknown_since is not null',
      columns: 'order_id, unknown_since, unknown_reason',
      text: (count) =>
        `${are(count, one, more)} ${count === 1 ? 'does' : 'do'} not tell what became of all numbers; the next nightly run asks again.`,
    }),
  ),
  {
    kind: 'problem',
    table: 'billing_reports',
    condition: `state = 'failed' and replaced_by is null and requested_at >= now() - interval '30 days'`,
    columns: 'report_id, type, start_date, end_date, error',
    text: (count) => `${are(count, 'billing report', 'billing reports')} of the last 30 days failed.`,
  },
  {
    kind: 'notice',
    table: 'portins',
    condition: `upper(status) = 'EXCEPTION'`,
    columns: 'order_id, order_date, losing_carrier_name, error_code',
    text: (count) =>
      `${are(count, 'port-in is in EXCEPTION and waits', 'port-ins are in EXCEPTION and wait')} for an answer.`,
  },
  ...orderKinds.map(
    ([table, one, more]): Counted => ({
      kind: 'notice',
      table,
      condition: 'details_error is not null',
      columns: 'order_id, status, details_error',
      text: (count) => `${are(count, one, more)} could not be read by id at the last try.`,
    }),
  ),
  {
    kind: 'notice',
    table: 'telephone_numbers',
    condition: 'removed_at is null and (discrepancy is not null or owner_account_id is not null)',
    columns: 'telephone_number, status, discrepancy, owner_account_id',
    text: (count) =>
      `${are(count, 'number in service has', 'numbers in service have')} no details, details of another account, or another status in the details.`,
  },
  {
    kind: 'notice',
    table: 'telephone_numbers',
    condition: `removed_at is null and status = 'Inservice' and npa_nxx_x is not null and (rate_center is null or state is null)`,
    columns: 'telephone_number, rate_center, state',
    text: (count) => `${are(count, 'number in service has', 'numbers in service have')} no rate center or no state.`,
  },
  {
    kind: 'notice',
    table: ({ day }) => `nruf_number_categories('${day}')`,
    condition: 'undeclared',
    columns: 'telephone_number, rate_center, state',
    text: (count) =>
      `${are(count, 'number in the inventory was', 'numbers in the inventory were')} never declared assigned or unassigned, and ${count === 1 ? 'counts' : 'count'} as available.`,
  },
];

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
