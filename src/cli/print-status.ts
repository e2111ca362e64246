import { styleText } from 'node:util';
import type pg from 'pg';
import { nightlyName, planNames } from '../../jobs/names.js';
import { unresolved } from '../assignment/rejected-files.js';
import { type ScheduleGroup, scheduleGroups, titleOfAccount } from '../config.js';
import { readHeldLocks } from '../database/advisory-locks.js';
import { baseline, readSchemaState } from '../database/migrations.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import type { Redact } from '../redact.js';
import { fixOf } from '../run/fix.js';
import { type LastRun, type LastRuns, readLastRuns } from '../run/last-runs.js';
import { type NightStates, readNights } from '../schedule/read-nights.js';
import { jobsOfListings } from '../sync/number-listings.js';
import { terminalSafe } from '../terminal-text.js';
import { createTimetable } from '../timetable.js';
import { readTasks, type TaskState, tasksMigration } from '../upkeep/tasks.js';
import { formatCount, formatDuration, formatTable } from './format.js';
import { formatNights } from './format-nights.js';
import { describeTasks } from './format-upkeep.js';
import type { Session } from './session.js';
import { describeOpenFiles, type OpenFile, readOpenFiles } from './status-files.js';

interface OpenListing {
  account_id: string;
  listing: string;
  state: string;
  pages: number;
  rows_staged: string;
  age_seconds: number;
}

interface OpenBatch {
  account_id: string;
  batch_id: string;
  file_name: string;
  orders: number;
  orders_open: number;
  orders_unknown: number;
  age_seconds: number;
}

interface RejectedFile {
  account_id: string;
  batch_id: string;
  file_name: string;
  reason: string;
  file_path: string | null;
  age_seconds: number;
}

/** Prints the last run of each job and account, planned nights, incomplete and held listings, open batches, rejected and waiting files, and the next run. */
export async function printStatus(session: Session, json: boolean): Promise<ExitStatus> {
  const database = await session.database({ readOnly: true });
  const nextRuns = scheduleGroups(session.config).map((group) => ({
    ...group,
    next: createTimetable(group.expression, session.config.timezone).next(new Date()),
  }));
  const { applied } = await readSchemaState(database);
  let lastRuns: LastRuns = { runs: [], strays: [] };
  const open: OpenListing[] = [];
  const batches: OpenBatch[] = [];
  const rejected: RejectedFile[] = [];
  const nights: NightStates[] = [];
  if (applied.includes(baseline)) {
    const locks = await readHeldLocks(database.pool);
    lastRuns = await readLastRuns(database.pool, { configured: session.config.accounts, locks });
    lastRuns.runs.sort(byAccountAndPlan);
    const listings = await database.pool.query(
      `select account_id, listing, state, cardinality(pages_read) as pages, rows_staged,
              extract(epoch from clock_timestamp() - updated_at)::float8 as age_seconds
         from sync_cursors where pages_read <> '{}' order by account_id, listing`,
    );
    open.push(...listings.rows);
    batches.push(...(await openBatches(database.pool)));
    rejected.push(...(await rejectedFiles(database.pool)));
    nights.push(...(await readNights(database.pool)));
  }
  const files = await readOpenFiles(database.pool, applied);
  // Status reads the ledger before it is migrated.
  const upkeep = applied.includes(tasksMigration) ? await readTasks(database.pool) : [];
  const state = { lastRuns, nights, open, batches, rejected, files, upkeep, nextRuns };
  process.stdout.write(json ? toJson(state, session) : terminalSafe(toText(state, session)));
  return exitStatus.done;
}

async function openBatches(pool: pg.Pool): Promise<OpenBatch[]> {
  const { rows } = await pool.query(
    `select b.account_id, b.batch_id, b.file_name, count(*)::integer as orders,
            count(*) filter (where o.finished_at is null)::integer as orders_open,
            count(*) filter (where o.status = 'unknown')::integer as orders_unknown,
            extract(epoch from clock_timestamp() - b.created_at)::float8 as age_seconds
       from assignment_batches b join assignment_orders o using (batch_id)
      where b.status = 'open' group by b.batch_id order by b.account_id, b.batch_id`,
  );
  return rows;
}

async function rejectedFiles(pool: pg.Pool): Promise<RejectedFile[]> {
  const { rows } = await pool.query(
    `select account_id, batch_id, file_name, reason, file_path,
            extract(epoch from clock_timestamp() - created_at)::float8 as age_seconds
       from assignment_batches where ${unresolved} order by account_id, batch_id`,
  );
  return rows;
}

interface State {
  lastRuns: LastRuns;
  nights: NightStates[];
  open: OpenListing[];
  batches: OpenBatch[];
  rejected: RejectedFile[];
  files: OpenFile[];
  upkeep: TaskState[];
  nextRuns: (ScheduleGroup & { next: Date | undefined })[];
}

const jobOrder = [nightlyName, ...planNames];

/** For each account, its nightly run, then its jobs in the order of the nightly run; unknown jobs come last. */
function byAccountAndPlan(a: LastRun, b: LastRun): number {
  const position = ({ job }: LastRun) => (jobOrder.includes(job) ? jobOrder.indexOf(job) : jobOrder.length);
  if (a.account_id !== b.account_id) return a.account_id < b.account_id ? -1 : 1;
  return position(a) - position(b);
}

function toText(
  { lastRuns: { runs, strays }, nights, open, batches, rejected, files, upkeep, nextRuns }: State,
  { config, redact }: Session,
): string {
  const lines: string[] = [];
  if (runs.length === 0) lines.push('No job has run yet. To run all jobs: `tn-ledger run nightly`');
  else {
    const rows = runs.map((run) => [
      run.job,
      titleOfAccount(config, run.account_id),
      run.status,
      `${formatDuration(run.age_seconds)} ago`,
      formatCount(run.pages),
      rowsOf(run),
      formatCount(run.rows_written),
      String(run.warnings.length),
    ]);
    const header = ['job', 'account', 'last run', 'when', 'pages', 'rows read', 'rows written', 'warnings'];
    lines.push(formatTable(header, rows, { right: [4, 5, 6, 7] }));
  }
  lines.push(...formatNights(nights, config, redact));
  const failed = runs.filter((run) => run.status === 'failed' || run.status === 'interrupted');
  for (const run of failed) {
    // The error of a nightly run repeats those of its jobs.
    const isReported = failed.some(
      ({ job, account_id, error }) =>
        job !== nightlyName && account_id === run.account_id && error !== null && run.error?.includes(error),
    );
    if (run.job === nightlyName && isReported) continue;
    const reason = redact(run.error ?? 'no reason recorded');
    lines.push(
      '',
      `${run.job} of account ${run.account_id} ${run.status}: ${reason}`,
      `  ${redact(fixOf(run.hint, `tn-ledger run ${run.job} --account ${run.account_id}`))}`,
    );
  }
  for (const run of strays) lines.push('', describeUnconfigured(run, redact));
  for (const listing of open) {
    lines.push(
      '',
      `The listing ${listing.listing} of account ${listing.account_id} is ${describeState(listing.state)} after ${formatCount(listing.pages)} ${listing.pages === 1 ? 'page' : 'pages'} ` +
        `(${formatCount(Number(listing.rows_staged))} rows), ${formatDuration(listing.age_seconds)} ago${howToAccept(listing)}`,
    );
  }
  for (const { batch_id: batch, file_name: file, account_id: account, ...batchFacts } of batches) {
    const { orders, orders_open: openOrders, orders_unknown: unknown, age_seconds: age } = batchFacts;
    lines.push(
      '',
      `Assignment batch ${batch} (${file}) of account ${account} is open: ${formatCount(openOrders)} of ${formatCount(orders)} orders are not finished` +
        `${unknown === 0 ? '' : `, ${formatCount(unknown)} with unknown outcome`}; submitted ${formatDuration(age)} ago`,
    );
  }
  for (const { batch_id: batch, file_name: file, account_id: account, reason, age_seconds: age } of rejected) {
    lines.push(
      '',
      `Assignment file ${file} of account ${account} was rejected ${formatDuration(age)} ago (batch ${batch}): ${redact(reason)} Submit a corrected file of the same name, or acknowledge it: tn-ledger assignments ${batch} --acknowledge`,
    );
  }
  lines.push(...describeOpenFiles(files).map((line) => redact(line)));
  for (const line of describeTasks(upkeep)) lines.push('', redact(line));
  lines.push('');
  for (const { source, expression, accounts, next } of nextRuns) {
    const when = next === undefined ? 'never' : `${next.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
    const whose = nextRuns.length === 1 ? '' : ` of ${accounts.join(', ')}`;
    lines.push(`Next nightly run${whose} (${source}: ${expression}, ${config.timezone}): ${when}`);
  }
  return `${lines.join('\n')}\n`;
}

/** While a run is in progress also how many rows it expects. */
function rowsOf({ status, rows_read, rows_expected }: LastRun): string {
  const isUnderway = status === 'running' && rows_expected !== null && rows_expected > rows_read;
  return `${formatCount(rows_read)}${isUnderway ? ` of ${formatCount(rows_expected)}` : ''}`;
}

function describeState(state: string): string {
  if (state === 'complete') return 'complete but not yet applied';
  return state === 'held' ? 'held until it is accepted (--accept-shrink)' : 'incomplete';
}

function howToAccept({ listing, account_id, state }: OpenListing): string {
  if (state !== 'held') return '';
  return `. To accept it: \`tn-ledger run ${jobsOfListings[listing] ?? nightlyName} --account ${account_id} --accept-shrink\``;
}

/** One line, dimmed on a terminal, because it usually needs no action. */
function describeUnconfigured({ account_id, job, status, age_seconds, error }: LastRun, redact: Redact): string {
  const reason = error === null ? '' : ` (${redact(error).replace(/\s+/g, ' ')})`;
  const line =
    `Account ${account_id} is not configured, never had a successful run and has no data: ${job} ${status} ` +
    `${formatDuration(age_seconds)} ago${reason}. This line disappears a day after the run.`;
  return process.stdout.isTTY && process.stdout.hasColors() ? styleText('dim', line) : line;
}

function toJson(
  { lastRuns, nights, open, batches, rejected, files, upkeep, nextRuns }: State,
  { config }: Session,
): string {
  const { strays } = lastRuns;
  const labelOf = ({ account_id }: { account_id: string }) => config.accountSettings.get(account_id)?.label;
  const runs = lastRuns.runs.map((run) => ({ ...run, label: labelOf(run) }));
  const withLabels = ({ accounts, ...night }: NightStates) => ({
    ...night,
    accounts: accounts.map((account) => ({ ...account, label: labelOf(account) })),
  });
  const [nextNight] = nextRuns.flatMap(({ next }) => next ?? []).sort((one, other) => one.getTime() - other.getTime());
  const status = {
    ...{ runs, nights: nights.map(withLabels), unconfigured: strays, open, open_batches: batches },
    ...{ rejected_files: rejected, submitted_files: files, upkeep, next_night: nextNight ?? null },
  };
  return `${JSON.stringify(status, null, 2)}\n`;
}
