import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { ArchiveLimits } from '../config.js';
import type { Database } from '../database/connect.js';
import { change, inTransaction } from '../database/transaction.js';
import { addDays, type Day } from '../days.js';
import { LedgerError, messageOf, UsageError } from '../errors.js';
import { formatCount } from '../format.js';
import { sleep } from '../retry.js';
import { type Archive, type ArchiveFile, openArchive } from './archive.js';
import { bulkDays } from './bulk-days.js';
import { type CsvSource, likelyMonth, loadCsv, rejectDays } from './load-csv.js';
import { readFileIn } from './read-file.js';
import {
  addMonths,
  type DayCounts,
  dayOfRow,
  findRecordsTable,
  indexNewRows,
  loadSettings,
  lockRecords,
  makeRecordsTable,
  monthsWithoutPartition,
  partitionsWritten,
  type RecordsTable,
} from './records-table.js';
import { FewerRowsError, findLosses, type Loss, type Removed, removeRows, replaceRows } from './replace-rows.js';
import { shapeOf } from './report-type.js';
import type { ReportFile } from './reports.js';
import { insertRolledUp, rollUp } from './roll-up.js';
import { findSameReport } from './same-report.js';

/** A report whose archive is to be loaded. It has a row in `billing_reports`. */
export interface LoadableReport {
  account: string;
  reportId: string;
  type: string;
  /** Undefined: the days of most of its rows (`bulkDays`); rows of other days are rejected. */
  days: { from: Day; to: Day } | undefined;
  /**
   * What to do with rows of days other than `days`. Keep them if Bandwidth reports them as part of those days: it
   * bills a call with the day after. Leave them out if more days were requested than wanted. Reject them if a user
   * named the days of a file.
   */
  otherDays: 'keep' | 'leave out' | 'reject';
  /** Command that loads it; add `--accept-shrink` to load it even if days lose rows. */
  command: string;
  /** Path of the archive. */
  path: string;
  /** Load it even if it is already loaded. */
  again: boolean;
}

export interface LoadReportOptions {
  database: Database;
  limits: ArchiveLimits;
  signal: AbortSignal;
  /** Load it even if days end up with fewer rows than before. */
  acceptShrink: boolean;
  /** Called before the first byte with the total uncompressed size. */
  onStart?(bytes: number): void;
  onProgress?(bytes: number, rows: number): void;
}

export interface LoadedReport {
  files: ReportFile[];
  rows: number;
  rejected: number;
  /** Rows of days that were requested only because Bandwidth refuses a one-day range. */
  leftOut: number;
  /** Rows of older reports that were replaced. */
  replaced: number;
  days: { from: Day; to: Day } | undefined;
  /** The earlier report with the same content, whose rows stay: nothing was loaded. */
  sameAs: string | undefined;
  warnings: string[];
}

/**
 * Loads all CSV files of an archive in one all-or-nothing transaction. They replace the rows of older reports of
 * the same account, type and days, unless an older one has the same content: then nothing is loaded. Month
 * partitions are attached before and after it, so that readers never wait for the load to finish.
 *
 * @throws {ArchiveError, CsvError} if the archive must not be loaded
 * @throws {FewerRowsError} if any day, by row time in UTC, would have fewer rows than before
 * @throws {UsageError} if the days aren't given and can't be determined from the rows
 */
export async function loadReport(report: LoadableReport, options: LoadReportOptions): Promise<LoadedReport> {
  const { database, limits, signal } = options;
  const archive = await openArchive(report.path, { type: report.type, limits });
  const csvFiles = archive.files.filter(({ kind }) => kind === 'csv');
  if (csvFiles.length === 0) return keepDocuments(report, archive, database);
  const months = report.days === undefined ? await likelyMonths(report.type, archive, limits) : [report.days];
  for (const month of months) await makeMonths(database, report.type, month, signal);
  options.onStart?.(csvFiles.reduce((sum, { bytes }) => sum + bytes, 0));
  const { loaded, written } = await inTransaction(database, { settings: loadSettings, signal }, (client) =>
    loadInto(client, report, archive, months, { ...options, joinMemory: database.joinMemory }),
  );
  const problem = await addMissingMonths(database, report.type, signal);
  if (problem !== undefined) loaded.warnings.push(problem);
  await analyze(database, written);
  return loaded;
}

interface Days {
  from: Day;
  to: Day;
}

/** Returns the likely months of an archive, from the first rows of its files. */
async function likelyMonths(type: string, archive: Archive, limits: ArchiveLimits): Promise<Days[]> {
  const months = new Set<Day>();
  for (const file of archive.files) {
    if (file.kind === 'document') continue;
    const read = () => readFileIn(archive, file, { limits, unpacked: 0 });
    const month = await likelyMonth(type, { name: file.name, read });
    if (month !== undefined) months.add(month);
  }
  return [...months].map((month) => ({ from: month, to: month }));
}

/**
 * Updates the planner's statistics: a plan based on the old table sizes could take hours. A sample of 3000 rows is
 * as good for that as the usual 30,000, which took a tenth of the load time; autovacuum takes the larger sample
 * later.
 */
async function analyze(database: Database, tables: readonly string[]): Promise<void> {
  await inTransaction(database, { settings: { default_statistics_target: '10' } }, async (client) => {
    for (const table of tables) {
      await indexNewRows(client, table);
      await client.query(`analyze ${table}`);
    }
  });
}

/** Lock timeout for attaching a month: the longest that new readers wait. */
const attachLockTimeout = '1s';
const attachPauseMs = 2000;
/** About a quarter of an hour, as for any lock. */
const maxAttachTries = 300;
/** The rows of these months are readable anyway: waiting for long-running readers isn't worth it. */
const maxMissingMonthTries = 5;

/**
 * Creates the months of an existing table before the load, so that readers wait only for this step and not for the
 * load. A month can't be attached while anyone reads the table, and new readers queue behind a waiting lock
 * request: so it is requested with a short timeout, repeatedly.
 */
async function makeMonths(
  database: Database,
  type: string,
  days: Days,
  signal: AbortSignal,
  maxTries = maxAttachTries,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    let isAttaching = false;
    try {
      await inTransaction(database, { settings: loadSettings, signal }, async (client) => {
        await lockRecords(client, type);
        const table = await findRecordsTable(client, type);
        if (table === undefined) return;
        await client.query("select set_config('lock_timeout', $1, true)", [attachLockTimeout]);
        isAttaching = true;
        await addMonths(client, table, days.from, days.to);
      });
      return;
    } catch (error) {
      if (!isAttaching || (error as { code?: string }).code !== '55P03' || tries >= maxTries) throw error;
    }
    await sleep(attachPauseMs, signal);
  }
}

/**
 * Creates the months of rows outside the report's days (a call that is billed with the next month). Returns a
 * warning if one can't be created now; the next load of the type tries again.
 */
async function addMissingMonths(database: Database, type: string, signal: AbortSignal): Promise<string | undefined> {
  const months = await inTransaction(database, { settings: loadSettings, signal }, async (client) => {
    const table = await findRecordsTable(client, type);
    return table === undefined ? [] : monthsWithoutPartition(client, table);
  });
  for (const month of months) {
    try {
      await makeMonths(database, type, { from: month, to: month }, signal, maxMissingMonthTries);
    } catch (error) {
      if ((error as { code?: string }).code !== '55P03') throw error;
      return `The table of ${month.slice(0, 7)} could not be created while others read the records (${messageOf(error)}). Its rows are readable, and the next load creates it.`;
    }
  }
  return undefined;
}

async function loadInto(
  client: pg.PoolClient,
  report: LoadableReport,
  archive: Archive,
  months: readonly Days[],
  { limits, signal, acceptShrink, onProgress, joinMemory }: LoadReportOptions & Pick<Database, 'joinMemory'>,
): Promise<{ loaded: LoadedReport; written: string[] }> {
  const { account, reportId, type } = report;
  await lockRecords(client, type);
  if (!report.again && (await isLoaded(client, report))) {
    return {
      loaded: { ...nothingLoaded, days: report.days },
      written: [],
    };
  }
  if (shapeOf(type).timeColumn === undefined && report.days === undefined) {
    throw new UsageError(`An archive of type ${type} doesn't show which days it covers.`, {
      hint: 'Set them with --from and --to.',
    });
  }
  const existing = await findRecordsTable(client, type);
  const table = existing ?? (await makeRecordsTable(client, type));
  // A new table has no readers yet.
  if (existing === undefined) for (const { from, to } of months) await addMonths(client, table, from, to);
  const sameAs = report.again ? undefined : await findSameReport(client, table, report, archive, limits);
  if (sameAs !== undefined) return { loaded: await keepSame(client, report, archive, sameAs), written: [] };
  const removed: Removed = { found: new Map(), recorded: new Map(), rolledUp: new Map() };
  await removeRows(client, table, { account, reportId }, removed);
  await set(client, 'account_id', account);
  await set(client, 'report_id', reportId);
  if (report.days !== undefined) await set(client, 'report_date', report.days.from);

  const files: ReportFile[] = [];
  const sources = new Map<string, CsvSource>();
  const warnings: string[] = [];
  let unpacked = 0;
  for (const file of archive.files) {
    if (file.kind === 'document') {
      files.push({ name: file.name, bytes: file.bytes, rows: null, rejected: 0 });
      continue;
    }
    await set(client, 'file_name', file.name);
    let bytes = 0;
    let hash = createHash('sha256');
    const before = unpacked;
    const read = async function* () {
      bytes = 0;
      hash = createHash('sha256');
      for await (const chunk of readFileIn(archive, file, { limits, unpacked: before })) {
        bytes += chunk.length;
        hash.update(chunk);
        yield chunk;
      }
    };
    const source = { name: file.name, read };
    sources.set(file.name, source);
    const { rows, rejected, refusal } = await loadCsv(client, table, source, {
      signal,
      onProgress: (more, moreRows) => onProgress?.(more, moreRows),
    });
    unpacked += bytes;
    files.push({ name: file.name, bytes, rows, rejected, sha256: hash.digest('hex') });
    if (rejected > 0) warnings.push(rejectWarning(file, { rows, rejected, refusal }));
  }
  const written = await partitionsWritten(client, table);
  const rolledUp = await rollUp(client, table, written, report, joinMemory);
  const dayCounts = rolledUp ?? (await countDays(client, table, written, report));
  const days = report.days ?? bulkDays(dayCounts);
  const othersGo = days !== undefined && mayHoldOthers(table, report, days, dayCounts);
  let leftOut = 0;
  if (othersGo) {
    const others = await removeOtherDays(client, table, written, report, days);
    for (const day of dayCounts.keys()) if (day !== null && (day < days.from || day > days.to)) dayCounts.delete(day);
    for (const [name, count] of others) {
      const file = files.find((each) => each.name === name) as ReportFile;
      file.rows = (file.rows ?? 0) - count;
      if (report.otherDays === 'leave out') {
        leftOut += count;
        continue;
      }
      await set(client, 'file_name', name);
      const source = sources.get(name) as CsvSource;
      const found = await rejectDays(client, table, source, { days, why: whyOutside(report, days), signal });
      if (found !== count) {
        throw new Error(`${count} rows of ${name} are of other days, but ${found} were found in the file`);
      }
      file.rejected += count;
      warnings.push(
        `${JSON.stringify(name)}: ${count === 1 ? '1 row is' : `${formatCount(count)} rows are`} of days outside ${days.from} to ${days.to} and are in billing_rejects.`,
      );
    }
  }
  let replaced = 0;
  if (days !== undefined) {
    const result = await replaceRows(client, table, { account, reportId, from: days.from, to: days.to }, removed);
    replaced = result.rows;
    if (result.overlapping.length > 0) {
      warnings.push(
        `Reports ${result.overlapping.join(', ')} of type ${type} cover some of these days and others. Their rows don't show their days, so these reports were not changed.`,
      );
    }
  }
  const losses = acceptShrink ? [] : findLosses(table, removed, dayCounts);
  if (losses.length > 0) throw fewerRows(report, days, losses);
  if (rolledUp !== undefined) await insertRolledUp(client, table, report, joinMemory, othersGo ? days : undefined);
  await recordDays(client, report, dayCounts);
  const rows = files.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  const rejected = files.reduce((sum, file) => sum + file.rejected, 0);
  await client.query(
    `update tn_ledger.billing_reports
        set state = 'loaded', same_as = null, loaded_at = clock_timestamp(), row_count = $3, rejected_count = $4, files = $5, partitions = $6,
            start_date = $7, end_date = $8, error = null, replaced_by = null, pruned_count = null,
            rolled_up_at = case when $9 then now() end
      where account_id = $1 and report_id = $2`,
    [
      account,
      reportId,
      rows,
      rejected,
      JSON.stringify(files),
      written,
      days?.from ?? null,
      days?.to ?? null,
      rolledUp !== undefined,
    ],
  );
  return { loaded: { files, rows, rejected, leftOut, replaced, days, sameAs: undefined, warnings }, written };
}

/** Counts the report's rows by day. */
async function countDays(
  client: pg.PoolClient,
  table: RecordsTable,
  written: readonly string[],
  { account, reportId }: LoadableReport,
): Promise<DayCounts> {
  const counts: DayCounts = new Map();
  for (const partition of written) {
    const { rows } = await client.query<{ day: Day | null; count: string }>(
      `select day::text, count(*) as count
         from (select ${dayOfRow(table)} as day from ${partition} where account_id = $1 and report_id = $2) as rows group by 1`,
      [account, reportId],
    );
    for (const { day, count } of rows) counts.set(day, (counts.get(day) ?? 0) + Number(count));
  }
  return counts;
}

/** Whether there are rows of other days to remove. */
function mayHoldOthers(
  table: RecordsTable,
  { reportId, otherDays }: LoadableReport,
  days: Days,
  counts: DayCounts,
): boolean {
  if (otherDays === 'keep') return false;
  if (table.timeColumn === undefined) {
    if (otherDays === 'reject') return false;
    throw new Error(`the rows of report ${reportId} don't show which of the requested days they are of`);
  }
  return [...counts.keys()].some((day) => day !== null && (day < days.from || day > days.to));
}

/**
 * Removes the report's rows of other days, and returns how many were removed per file. A row without a known time
 * stays. Unlike in a report of one day, a row from before the day isn't the report's own: the report of the day
 * before has it.
 */
async function removeOtherDays(
  client: pg.PoolClient,
  table: RecordsTable,
  written: readonly string[],
  { account, reportId }: LoadableReport,
  { from, to }: Days,
): Promise<Map<string, number>> {
  const removed = new Map<string, number>();
  const time = table.timeColumn;
  for (const partition of written) {
    const { rows } = await client.query<{ name: string; count: string }>(
      `with removed as (
         delete from ${partition}
          where account_id = $1 and report_id = $2 and isfinite(${time}) and (${time} < $3::date or ${time} >= $4::date)
         returning file_name
       )
       select file_name as name, count(*) as count from removed group by 1`,
      [account, reportId, from, addDays(to, 1)],
    );
    for (const { name, count } of rows) removed.set(name, (removed.get(name) ?? 0) + Number(count));
  }
  return removed;
}

function whyOutside(report: LoadableReport, { from, to }: Days): (day: Day) => string {
  const rest =
    report.days === undefined ? `the days of most rows, ${from} to ${to}` : `the given days, ${from} to ${to}`;
  return (day) => `its day, ${day}, is outside ${rest}`;
}

/** Records which days have rows, so that a later nightly run notices if they are gone. */
async function recordDays(
  client: pg.PoolClient,
  { account, reportId, type }: LoadableReport,
  dayCounts: DayCounts,
): Promise<void> {
  const known = [...dayCounts].filter(([day]) => day !== null);
  await client.query(
    `insert into tn_ledger.sync_billing_days (account_id, report_id, type, day, row_count)
     select $1, $2, $3, day, count from unnest($4::date[], $5::bigint[]) as days (day, count)`,
    [account, reportId, type, known.map(([day]) => day), known.map(([, count]) => count)],
  );
}

/** Whether another process loaded the same report first. */
async function isLoaded(client: pg.PoolClient, { account, reportId }: LoadableReport): Promise<boolean> {
  const { rows } = await client.query<{ state: string }>(
    'select state from tn_ledger.billing_reports where account_id = $1 and report_id = $2 for update',
    [account, reportId],
  );
  return rows[0]?.state === 'loaded';
}

/** Sets a value that columns use as their default; it ends with the transaction. */
async function set(client: pg.PoolClient, fact: string, value: string): Promise<void> {
  await client.query('select set_config($1, $2, true)', [`tn_ledger.billing_${fact}`, value]);
}

function fewerRows(
  { account, reportId, type, days: named, command }: LoadableReport,
  days: Days | undefined,
  losses: readonly Loss[],
): FewerRowsError {
  const range = days === undefined ? '' : ` ${days.from} to ${days.to}`;
  const advice = named === undefined ? 'Set the days that it covers with --from and --to. ' : '';
  return new FewerRowsError(
    `Report ${reportId} (${type}${range}) of account ${account}`,
    losses,
    `${advice}If the smaller count is correct: ${command} --accept-shrink`,
  );
}

function rejectWarning(
  file: ArchiveFile,
  { rows, rejected, refusal }: { rows: number; rejected: number; refusal: string | undefined },
): string {
  return `${JSON.stringify(file.name)}: ${rejected} of ${rows + rejected} rows could not be loaded and are in billing_rejects (PostgreSQL refused the whole file: ${refusal}).`;
}

const nothingLoaded: LoadedReport = {
  files: [],
  rows: 0,
  rejected: 0,
  leftOut: 0,
  replaced: 0,
  days: undefined,
  sameAs: undefined,
  warnings: [],
};

/** Records that a report has the content of an earlier one, whose rows stay. */
async function keepSame(
  client: pg.PoolClient,
  { account, reportId, days }: LoadableReport,
  archive: Archive,
  sameAs: string,
): Promise<LoadedReport> {
  const files = archive.files.map(({ name, bytes }) => ({ name, bytes, rows: null, rejected: 0 }));
  await client.query(
    `update tn_ledger.billing_reports
        set state = 'kept', files = $3, row_count = 0, rejected_count = 0, error = null, same_as = $4
      where account_id = $1 and report_id = $2`,
    [account, reportId, JSON.stringify(files), sameAs],
  );
  return { ...nothingLoaded, files, days, sameAs };
}

/** Records an archive of documents, such as invoices, without loading it. */
async function keepDocuments(
  { account, reportId, type, days }: LoadableReport,
  archive: Archive,
  database: Database,
): Promise<LoadedReport> {
  const files = archive.files.map(({ name, bytes }) => ({ name, bytes, rows: null, rejected: 0 }));
  const { rowCount } = await change(
    database,
    `update tn_ledger.billing_reports
        set state = 'kept', files = $3, row_count = 0, rejected_count = 0, error = null where account_id = $1 and report_id = $2`,
    [account, reportId, JSON.stringify(files)],
  );
  if (rowCount === 0) throw new LedgerError(`Report ${reportId} of type ${type} is not in billing_reports.`);
  return { ...nothingLoaded, files, days };
}
