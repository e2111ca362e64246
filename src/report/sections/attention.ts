import { unresolved } from '../../assignment/rejected-files.js';
import { orderDescriptions } from '../../dashboard/registry.js';
import { capitalize, formatCount } from '../../format.js';
import { fixOf } from '../../run/fix.js';
import { jobsOfListings } from '../../sync/number-listings.js';
import { type Html, html } from '../html.js';
import { accountColumn, type Scope, shownCall, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { ageHtml, mostRows, sqlText, table, timeHtml } from '../table.js';
import { type Billing, withCode } from './billing.js';
import { describeDifference, type Inventory, leftOutSql, unexplained } from './inventory.js';
import { isNightly, isUnsuccessful, lastRunsSql, type ReportedRun, type Runs, statusHtml } from './runs.js';
import { type PlaceCounts, placeColumns, type Utilization } from './utilization.js';

/** An item in the list of what needs attention. */
export interface Concern {
  /** `problem`: something failed; `notice`: something to decide or complete. */
  kind: 'problem' | 'notice';
  text: string;
  /** The things themselves. */
  content?: Html;
  /** Returns the rows behind it. */
  sql?: string;
}

/** The nightly run is due every day; 12 more hours allow for its duration. */
const lateAfterMs = 36 * 3_600_000;

export interface Facts {
  runs: Runs;
  inventory: Inventory;
  utilization: Utilization;
  /** Undefined: it isn't loaded, or may not be read. */
  billing: Billing | undefined;
}

/** Everything in the last runs and in the tables that needs attention, problems first. */
export async function readConcerns(
  scope: Scope,
  { runs: { runs }, inventory, utilization, billing }: Facts,
): Promise<Concern[]> {
  const concerns = [
    ...concernsOfRuns(scope, runs),
    ...concernsOfNightlyRuns(scope, runs),
    ...(await concernsOfListings(scope)),
    ...(await concernsOfRejectedFiles(scope)),
    ...(await countedConcerns(scope)),
    ...concernsOfInventory(scope, inventory),
    ...concernsOfMarks(scope, utilization),
    ...concernsOfBilling(billing),
  ];
  return [...concerns.filter(({ kind }) => kind === 'problem'), ...concerns.filter(({ kind }) => kind === 'notice')];
}

const countOf = (count: number, one: string, more: string) => `${formatCount(count)} ${count === 1 ? one : more}`;

function concernsOfRuns(scope: Scope, runs: readonly ReportedRun[]): Concern[] {
  const concerns: Concern[] = [];
  const unsuccessful = runs
    .filter(isUnsuccessful)
    // A nightly run that failed because of its jobs adds nothing to them.
    .filter(
      (run, _, all) =>
        !isNightly(run) || !all.some((other) => other.job !== run.job && other.account_id === run.account_id),
    );
  if (unsuccessful.length > 0) {
    const sql = lastRunsSql(scope, `status <> 'succeeded'`);
    concerns.push({
      kind: 'problem',
      text: `${countOf(unsuccessful.length, 'job', 'jobs')} failed or ${unsuccessful.length === 1 ? 'was' : 'were'} interrupted in the last run.`,
      content: table<ReportedRun>({
        id: 'failed-runs',
        caption: 'Jobs whose last run did not succeed',
        columns: [
          { title: 'Job', cell: ({ job }) => job },
          accountColumn(scope, ({ account_id }) => account_id),
          { title: 'Outcome', cell: ({ status }) => statusHtml(status) },
          { title: 'Started', cell: ({ started_at }) => timeHtml(started_at) },
          { title: 'Error', cell: ({ error }) => error ?? '' },
          {
            title: 'How to fix it',
            cell: ({ hint, job, account_id }) => fixOf(hint, `tn-ledger run ${job} --account ${account_id}`),
          },
        ],
        rows: unsuccessful,
        all: { count: unsuccessful.length, sql },
        isOpen: true,
      }),
    });
  }
  const warned = runs.filter(({ warnings }) => warnings.length > 0);
  if (warned.length > 0) {
    const count = warned.reduce((sum, { warnings }) => sum + warnings.length, 0);
    concerns.push({
      kind: 'notice',
      text: `${countOf(count, 'warning', 'warnings')} in the last runs: ${[...new Set(warned.map(({ job }) => job))].join(', ')}.`,
      content: html`<p>They are in the section <a href="#jobs">Jobs in the last nightly run</a>.</p>`,
      sql: lastRunsSql(scope, `warnings <> '[]'`),
    });
  }
  return concerns;
}

function concernsOfNightlyRuns(scope: Scope, runs: readonly ReportedRun[]): Concern[] {
  const accounts = [...new Set(runs.map(({ account_id }) => account_id))].map((account) => {
    const nightly = runs.find((run) => isNightly(run) && run.account_id === account);
    const succeeded = nightly?.succeeded_at ?? null;
    const isLate = succeeded === null || scope.time.getTime() - succeeded.getTime() > lateAfterMs;
    return { account, nightly, succeeded, isLate, isFirst: succeeded === null && nightly?.status === 'running' };
  });
  const late = accounts.filter(({ isLate, isFirst }) => isLate && !isFirst);
  const first = accounts.filter(({ isFirst }) => isFirst);
  const concerns: Concern[] = [];
  if (late.length > 0) {
    concerns.push({
      kind: 'problem',
      text: `${countOf(late.length, 'account has', 'accounts have')} no successful nightly run in the last 36 hours. The data may be old.`,
      content: table<(typeof late)[number]>({
        id: 'late-runs',
        caption: 'Accounts without a recent nightly run',
        columns: [
          { title: 'Account', cell: ({ account }) => account },
          {
            title: 'Last successful nightly run',
            cell: ({ succeeded }) => (succeeded === null ? 'never' : ageHtml(succeeded, scope.day)),
          },
          {
            title: 'Last nightly run',
            cell: ({ nightly }) => (nightly === undefined ? 'none has started yet' : statusHtml(nightly.status)),
          },
        ],
        rows: late,
        all: { count: late.length, sql: lastRunsSql(scope, `job = 'nightly'`) },
      }),
    });
  }
  if (first.length > 0) {
    const { length } = first;
    const named = length === 1 ? `account ${first[0]?.account} is` : `${formatCount(length)} accounts is`;
    concerns.push({ kind: 'notice', text: `The first nightly run of ${named} still in progress.` });
  }
  return concerns;
}

async function concernsOfListings(scope: Scope): Promise<Concern[]> {
  const { rows } = await scope.client.query<{ account_id: string; listing: string; state: string; updated_at: Date }>(
    `select account_id, listing, state, updated_at from sync_cursors
      where pages_read <> '{}' and ($1::text is null or account_id = $1) order by state <> 'held', account_id, listing`,
    [scope.account ?? null],
  );
  const concernOf = (isHeld: boolean): Concern[] => {
    const listed = rows.filter(({ state }) => (state === 'held') === isHeld);
    if (listed.length === 0) return [];
    const sql = `select account_id, listing, state, updated_at from sync_cursors
where pages_read <> '{}' and state ${isHeld ? '=' : '<>'} 'held'${shownCondition(scope, 'and')}`;
    const content = table<(typeof rows)[number]>({
      id: isHeld ? 'held-lists' : 'partial-lists',
      caption: isHeld ? 'Lists that are held' : 'Lists that are partially read',
      columns: [
        { title: 'List', cell: ({ listing }) => listing },
        accountColumn(scope, ({ account_id }) => account_id),
        { title: 'Last page', cell: ({ updated_at }) => timeHtml(updated_at) },
        isHeld
          ? {
              title: 'To accept it',
              cell: ({ listing, account_id }) =>
                html`<code>tn-ledger run ${jobsOfListings[listing] ?? 'nightly'} --account ${account_id} --accept-shrink</code>`,
            }
          : undefined,
      ],
      rows: listed,
      all: { count: listed.length, sql },
    });
    return [
      isHeld
        ? {
            kind: 'problem',
            text: `${countOf(listed.length, 'list is', 'lists are')} held, because applying ${listed.length === 1 ? 'it' : 'them'} would close more numbers than allowed. If that many numbers really left, accept ${listed.length === 1 ? 'it' : 'them'}.`,
            content,
          }
        : {
            kind: 'notice',
            text: `${countOf(listed.length, 'list is', 'lists are')} partially read. The next run resumes.`,
            content,
          },
    ];
  };
  return [...concernOf(true), ...concernOf(false)];
}

async function concernsOfRejectedFiles(scope: Scope): Promise<Concern[]> {
  const { rows } = await scope.client.query<{
    batch_id: string;
    account_id: string;
    file_name: string;
    reason: string;
    count: number;
  }>(
    `select batch_id, account_id, file_name, reason, count(*) over ()::float8 as count from assignment_batches
      where ${unresolved} and ($1::text is null or account_id = $1) order by batch_id desc limit $2`,
    [scope.account ?? null, mostRows],
  );
  const count = rows[0]?.count ?? 0;
  if (count === 0) return [];
  return [
    {
      kind: 'problem',
      text: `${countOf(count, 'assignment file was', 'assignment files were')} rejected. Submit a corrected file with the same name, or acknowledge the rejection.`,
      content: table<(typeof rows)[number]>({
        id: 'rejected-files',
        caption: 'Rejected assignment files, latest first',
        columns: [
          { title: 'File', cell: ({ file_name }) => file_name },
          accountColumn(scope, ({ account_id }) => account_id),
          { title: 'Reason', cell: ({ reason }) => reason },
          {
            title: 'To acknowledge it',
            cell: ({ batch_id }) => html`<code>tn-ledger assignments ${batch_id} --acknowledge</code>`,
          },
        ],
        rows,
        all: {
          count,
          sql: `select batch_id, account_id, file_name, reason from assignment_batches
where ${unresolved}${shownCondition(scope, 'and')} order by batch_id desc`,
        },
        isOpen: true,
      }),
    },
  ];
}

/** Rows of a table that need attention. */
interface Counted {
  id: string;
  kind: Concern['kind'];
  table: string;
  condition: string;
  columns: string;
  /** Their order, in SQL: what matters most first. By default that of the columns. */
  order?: string;
  text(count: number): string;
}

const counted: readonly Counted[] = [
  {
    id: 'unknown-batches',
    kind: 'problem',
    table: 'assignment_batches',
    condition: `exists (select from assignment_orders o where o.batch_id = assignment_batches.batch_id and o.status = 'unknown')`,
    columns: 'batch_id, file_name, status, created_at',
    text: (count) =>
      `${countOf(count, 'assignment batch has', 'assignment batches have')} orders that Bandwidth may or may not have received.`,
  },
  {
    id: 'old-batches',
    kind: 'problem',
    table: 'assignment_batches',
    condition: `status = 'open' and created_at < now() - interval '1 day'`,
    columns: 'batch_id, file_name, created_at',
    text: (count) =>
      `${countOf(count, 'assignment batch has', 'assignment batches have')} been open for more than a day.`,
  },
  {
    id: 'failed-batches',
    kind: 'notice',
    table: 'assignment_batches',
    condition: `status <> 'rejected' and failed_count + rejected_count > 0 and coalesce(finished_at, created_at) >= now() - interval '7 days'`,
    columns: 'batch_id, file_name, total_count, failed_count, rejected_count, created_at',
    order: 'batch_id desc',
    text: (count) =>
      `${countOf(count, 'assignment batch', 'assignment batches')} in the last 7 days had numbers that failed or were rejected.`,
  },
  ...ofOrders('problem'),
  {
    id: 'failed-billing',
    kind: 'problem',
    table: 'billing_reports',
    condition: `state = 'failed' and replaced_by is null and requested_at >= now() - interval '30 days'`,
    columns: 'report_id, type, start_date::text, end_date::text, error',
    order: 'requested_at desc, report_id',
    text: (count) => `${countOf(count, 'billing report', 'billing reports')} in the last 30 days failed.`,
  },
  ...ofOrders('notice'),
  ...orderDescriptions.map(
    ({ table, titles }): Counted => ({
      id: `${table}-details`,
      kind: 'notice',
      table,
      condition: 'details_error is not null',
      columns: 'order_id, status, order_date, details_error',
      text: (count) => `${countOf(count, titles.one, titles.many)} could not be read by id in the last attempt.`,
    }),
  ),
  {
    id: 'discrepancies',
    kind: 'notice',
    table: 'telephone_numbers',
    condition: 'removed_at is null and (discrepancy is not null or owner_account_id is not null)',
    columns: 'telephone_number, status, discrepancy, owner_account_id',
    text: (count) =>
      `${countOf(count, 'number held has', 'numbers held have')} no details, the details of another account, or a different status in the details.`,
  },
  {
    id: 'placeless',
    kind: 'notice',
    table: 'telephone_numbers',
    condition: `removed_at is null and status = 'Inservice' and npa_nxx_x is not null and (rate_center is null or state is null)`,
    columns: 'telephone_number, rate_center, state',
    text: (count) => `${countOf(count, 'number in service has', 'numbers in service have')} no rate center or state.`,
  },
];

/** The concerns in the descriptions of orders. */
function ofOrders(wanted: Concern['kind']): Counted[] {
  return orderDescriptions.flatMap(({ table, concerns }) =>
    concerns
      .map((concern, index) => ({
        id: `${table}-${index + 1}`,
        table,
        ...concern,
        text: (count: number) => concern.text(formatCount(count), count === 1),
      }))
      .filter(({ kind }) => kind === wanted),
  );
}

async function countedConcerns(scope: Scope): Promise<Concern[]> {
  const concerns: Concern[] = [];
  const { account, client } = scope;
  for (const { id, kind, table: name, condition, columns, order, text } of counted) {
    const { rows: counts } = await client.query<{ count: number }>(
      `select count(*)::float8 as count from ${name} where ${condition} and ($1::text is null or account_id = $1)`,
      [account ?? null],
    );
    const count = counts[0]?.count ?? 0;
    if (count === 0) continue;
    const chosen = account === undefined ? `${columns}, account_id` : columns;
    // By all columns, so that the order is always the same.
    const ordinals = chosen.split(',').map((_, index) => index + 1);
    const sql = `select ${chosen} from ${name}\nwhere ${condition}${shownCondition(scope, 'and')}\norder by ${[...(order === undefined ? [] : [order]), ...ordinals].join(', ')}`;
    const { rows, fields } = await client.query(`${sql} limit ${mostRows}`);
    concerns.push({
      kind,
      text: text(count),
      content: table<Record<string, unknown>>({
        id: `concern-${id}`,
        caption: text(count),
        columns: fields.map((field) => ({
          title: titleOf(field.name),
          numeric: rows.some((row) => typeof row[field.name] === 'number'),
          cell: (row) => cellOf(row[field.name], scope.day),
        })),
        rows,
        all: { count, sql },
      }),
      ...(count <= mostRows && { sql }),
    });
  }
  return concerns;
}

const columnTitles: Readonly<Record<string, string>> = {
  account_id: 'Account',
  batch_id: 'Batch',
  count_of_tns: 'Numbers',
  created_at: 'Submitted',
  details_error: 'Error',
  file_name: 'File',
  last_modified_date: 'Last changed',
  losing_carrier_name: 'Losing carrier',
  order_date: 'Placed',
  order_id: 'Order',
  report_id: 'Report',
  telephone_number: 'Number',
};

function titleOf(column: string): string {
  const words = column.replaceAll('_', ' ');
  return columnTitles[column] ?? capitalize(words);
}

function cellOf(value: unknown, day: string): unknown {
  if (value instanceof Date) return ageHtml(value, day);
  return typeof value === 'number' ? formatCount(value) : (value ?? '');
}

/** Differences between the numbers held and the inventory that the rules of counting don't explain. */
function concernsOfInventory(scope: Scope, inventory: Inventory): Concern[] {
  const count = unexplained(inventory);
  if (count === 0) return [];
  return [
    {
      kind: 'notice',
      text: `${countOf(count, 'number is', 'numbers are')} held without a time in service in the history on ${scope.day}, or the reverse, so that the NRUF inventory differs from the numbers held.`,
      content: html`<p>See <a href="#inventory">Numbers held and NRUF inventory</a>.</p>`,
      sql: leftOutSql(scope),
    },
  ];
}

/** Numbers that were never marked, by rate center. */
function concernsOfMarks(scope: Scope, { total, rateCenters }: Utilization): Concern[] {
  const count = total?.undeclared ?? 0;
  if (count === 0) return [];
  const places = rateCenters
    .filter(({ undeclared }) => undeclared > 0)
    .sort((one, other) => other.undeclared - one.undeclared);
  return [
    {
      kind: 'notice',
      text: `${countOf(count, 'number in the inventory was', 'numbers in the inventory were')} never marked ASSIGNED or UNASSIGNED and ${count === 1 ? 'counts' : 'count'} as available.`,
      content: table<PlaceCounts>({
        id: 'never-marked',
        caption: 'Numbers never marked, by rate center',
        columns: [
          ...placeColumns,
          { title: 'Never marked', numeric: true, cell: ({ undeclared }) => formatCount(undeclared) },
          { title: 'Received', numeric: true, cell: ({ numbers_received }) => formatCount(numbers_received) },
        ],
        rows: places,
        all: {
          count: places.length,
          sql: `select rate_center, state, sum(undeclared) as never_marked, sum(numbers_received) as numbers_received
from ${shownCall(scope, 'nruf_utilization')} group by 1, 2 having sum(undeclared) > 0 order by 3 desc, 1, 2`,
        },
      }),
      sql: `select telephone_number, rate_center, state from ${shownCall(scope, 'nruf_number_categories')}
where undeclared order by 1`,
    },
  ];
}

/** What the audit finds in billing. Its rows may be call records, so only the SQL shows them. */
function concernsOfBilling(billing: Billing | undefined): Concern[] {
  return (billing?.findings ?? [])
    .filter(({ count }) => count > 0)
    .map(({ title, why, count, sql }) => ({
      kind: 'notice',
      text: `${capitalize(title)}: ${formatCount(count)}.`,
      content: html`<p>${withCode(why)} See <a href="#billing">Calls, messages and their cost</a>.</p>`,
      sql,
    }));
}

export function attentionSection(concerns: readonly Concern[], inventory: Inventory): Section {
  const problems = concerns.filter(({ kind }) => kind === 'problem').length;
  const notices = concerns.length - problems;
  const summary = [
    ...(problems > 0 ? [countOf(problems, 'problem', 'problems')] : []),
    ...(notices > 0 ? [countOf(notices, 'notice', 'notices')] : []),
  ];
  return {
    id: 'attention',
    title: 'What needs attention',
    content: html`${
      concerns.length === 0
        ? html`<p>Nothing.</p>`
        : html`<p>${summary.join(' and ')}.</p>\n<ul class="concerns">\n${concerns.map(item)}</ul>`
    }${
      inventory.leftOut.length === 0
        ? ''
        : html`\n<p>Not an error: the NRUF inventory has ${formatCount(inventory.inventory)} numbers, because ${describeDifference(inventory)} <a href="#inventory">The reasons</a></p>`
    }`,
  };
}

function item({ kind, text, content, sql }: Concern): Html {
  const word = kind === 'problem' ? 'Problem' : 'Notice';
  return html`<li class="${kind}"><strong>${word}:</strong> ${text}${content === undefined ? '' : html`\n${content}`}${
    sql === undefined ? '' : html`\n<details class="sql"><summary>SQL</summary>${sqlText(sql)}</details>`
  }</li>\n`;
}
