import type pg from 'pg';
import { sleep } from '../dashboard/retry.js';
import type { Database } from '../database/connect.js';
import { LedgerError, UsageError } from '../errors.js';
import { formatCount } from '../format.js';
import { addDays, type Day } from '../sync/days.js';
import { inTransaction } from '../sync/transaction.js';
import { type Archive, type ArchiveFile, openArchive } from './archive.js';
import type { ArchiveLimits } from './limits.js';
import { loadCsv } from './load-csv.js';
import { readFileIn } from './read-file.js';
import {
  addMonths,
  findRecordsTable,
  lockRecords,
  makeRecordsTable,
  partitionsWritten,
  type RecordsTable,
  settleStrays,
} from './records-table.js';
import { findLosses, type Loss, removeRows, replaceRows } from './replace-rows.js';

/** A report whose archive is to be loaded. It has its row in `billing_reports`. */
export interface LoadableReport {
  account: string;
  reportId: string;
  type: string;
  /** Undefined: the days of the records in it. */
  days: { from: Day; to: Day } | undefined;
  /** It was requested with more days than those: rows of others are left out. */
  hasOtherDays?: boolean;
  /** Path of the archive. */
  path: string;
  /** Load it even if it was loaded before. */
  again: boolean;
}

export interface LoadReportOptions {
  database: Database;
  limits: ArchiveLimits;
  signal: AbortSignal;
  /** Told before the first byte how many there are, uncompressed. */
  onStart?(bytes: number): void;
  onProgress?(bytes: number, rows: number): void;
}

export interface LoadedReport {
  files: { name: string; bytes: number; rows: number | null; rejected: number }[];
  rows: number;
  rejected: number;
  /** Rows of days that were requested only because Bandwidth refuses the wanted day alone. */
  leftOut: number;
  /** Rows of older reports that it replaced. */
  replaced: number;
  days: { from: Day; to: Day } | undefined;
  warnings: string[];
}

/**
 * Loads an archive in one transaction: all its CSV files, whole or not at all, in place of what older reports of the account
 * and type hold for the same days.
 *
 * @throws {ArchiveError, CsvError} for an archive that is not to be loaded
 */
export async function loadReport(report: LoadableReport, options: LoadReportOptions): Promise<LoadedReport> {
  const { database, limits, signal } = options;
  const archive = await openArchive(report.path, { type: report.type, limits });
  const csvFiles = archive.files.filter(({ kind }) => kind === 'csv');
  if (csvFiles.length === 0) return keepOnly(report, archive, database);
  if (report.days !== undefined) await makeMonths(database, report.type, report.days, signal);
  options.onStart?.(csvFiles.reduce((sum, { bytes }) => sum + bytes, 0));
  const { loaded, written } = await inTransaction(
    database,
    // The form of the times in call records, in whatever order the server's own setting takes them.
    { settings: { DateStyle: 'ISO, YMD', TimeZone: 'UTC' }, signal },
    (client) => loadInto(client, report, archive, options),
  );
  await analyze(database, written);
  return loaded;
}

/**
 * Tells the planner how large the tables are now: a plan made for what they were before could take hours. A sample of 3000 rows
 * says that as well as the usual 30,000, which took a tenth of the load's time; autovacuum takes the larger one in its own.
 */
async function analyze(database: Database, tables: readonly string[]): Promise<void> {
  await inTransaction(database, { settings: { default_statistics_target: '10' } }, async (client) => {
    for (const table of tables) await client.query(`analyze ${table}`);
  });
}

/** A reader who comes meanwhile waits no longer than this for a month to be attached; the rest of the time readers have the table. */
const attachWithin = '1s';
const attachPauseMs = 2000;
/** A quarter of an hour, as for any lock. */
const mostAttachTries = 300;

/**
 * Months of a table that is in use are made beforehand: whoever reads it has to wait for that only, and not for the load. A month
 * can't be attached while anybody reads, and who comes after a request for the lock waits behind it: so it is asked for shortly, and
 * again and again.
 */
async function makeMonths(
  database: Database,
  type: string,
  days: { from: Day; to: Day },
  signal: AbortSignal,
): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    let isAttaching = false;
    try {
      await inTransaction(database, { signal }, async (client) => {
        await lockRecords(client, type);
        const table = await findRecordsTable(client, type);
        if (table === undefined) return;
        await client.query("select set_config('lock_timeout', $1, true)", [attachWithin]);
        isAttaching = true;
        await addMonths(client, table, days.from, days.to);
      });
      return;
    } catch (error) {
      if (!isAttaching || (error as { code?: string }).code !== '55P03' || tries >= mostAttachTries) throw error;
    }
    await sleep(attachPauseMs, signal);
  }
}

async function loadInto(
  client: pg.PoolClient,
  report: LoadableReport,
  archive: Archive,
  { limits, signal, onProgress }: LoadReportOptions,
): Promise<{ loaded: LoadedReport; written: string[] }> {
  const { account, reportId, type } = report;
  await lockRecords(client, type);
  if (!report.again && (await isLoaded(client, report))) {
    return {
      loaded: { files: [], rows: 0, rejected: 0, leftOut: 0, replaced: 0, days: report.days, warnings: [] },
      written: [],
    };
  }
  let table = await findRecordsTable(client, type);
  await removeRows(client, table, account, reportId);
  table ??= await makeRecordsTable(client, type);
  if (table.timeColumn === undefined && report.days === undefined) {
    throw new UsageError(`Nothing in an archive of type ${type} tells its days.`, {
      hint: 'Name them with --from and --to.',
    });
  }
  if (report.days !== undefined) await addMonths(client, table, report.days.from, report.days.to);
  await set(client, 'account_id', account);
  await set(client, 'report_id', reportId);
  if (report.days !== undefined) await set(client, 'report_date', report.days.from);

  const files: LoadedReport['files'] = [];
  const warnings: string[] = [];
  let unpacked = 0;
  for (const file of archive.files) {
    if (file.kind === 'document') {
      files.push({ name: file.name, bytes: file.bytes, rows: null, rejected: 0 });
      continue;
    }
    await set(client, 'file_name', file.name);
    let bytes = 0;
    const before = unpacked;
    const read = async function* () {
      bytes = 0;
      for await (const chunk of readFileIn(archive, file, { limits, unpacked: before })) {
        bytes += chunk.length;
        yield chunk;
      }
    };
    const { rows, rejected, refusal } = await loadCsv(
      client,
      table,
      { name: file.name, read },
      { signal, onProgress: (more, moreRows) => onProgress?.(more, moreRows) },
    );
    unpacked += bytes;
    files.push({ name: file.name, bytes, rows, rejected });
    if (rejected > 0) warnings.push(rejectWarning(file, { rows, rejected, refusal }));
  }
  const leftOut = report.hasOtherDays ? await removeOtherDays(client, table, report, files) : 0;
  await settleStrays(client, table);
  const written = await partitionsWritten(client, table);
  const days = report.days ?? (await daysOfRows(client, table, written, account, reportId));
  let replaced = 0;
  if (days !== undefined && report.days === undefined) {
    const losses = await findLosses(client, table, { account, reportId, ...days }, written);
    if (losses.length > 0) throw lossError(report, days, losses);
  }
  if (days !== undefined) {
    const result = await replaceRows(client, table, { account, reportId, ...days });
    replaced = result.rows;
    if (result.overlapping.length > 0) {
      warnings.push(
        `Reports ${result.overlapping.join(', ')} of type ${type} cover some of these days and others: which of their rows are of these days can't be told, and they were left as they are.`,
      );
    }
  }
  const rows = files.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  const rejected = files.reduce((sum, file) => sum + file.rejected, 0);
  await client.query(
    `update tn_ledger.billing_reports
        set state = 'loaded', loaded_at = clock_timestamp(), row_count = $3, rejected_count = $4, files = $5, partitions = $6,
            start_date = $7, end_date = $8, error = null, replaced_by = null
      where account_id = $1 and report_id = $2`,
    [account, reportId, rows, rejected, JSON.stringify(files), written, days?.from ?? null, days?.to ?? null],
  );
  return { loaded: { files, rows, rejected, leftOut, replaced, days, warnings }, written };
}

/**
 * Removes the report's rows of other days than its own and takes them out of the files' counts. A row whose time is not known stays.
 * Unlike in a report of one day, one whose time is before the day is not its own: the report of the day before, requested with
 * this one, holds it.
 */
async function removeOtherDays(
  client: pg.PoolClient,
  table: RecordsTable,
  { account, reportId, days }: LoadableReport,
  files: LoadedReport['files'],
): Promise<number> {
  const time = table.timeColumn;
  if (time === undefined || days === undefined) {
    throw new Error(`the rows of report ${reportId} don't tell which of the requested days they are of`);
  }
  let removed = 0;
  for (const partition of await partitionsWritten(client, table)) {
    const { rows } = await client.query<{ name: string; count: string }>(
      `with removed as (
         delete from ${partition}
          where account_id = $1 and report_id = $2 and isfinite(${time}) and (${time} < $3::date or ${time} >= $4::date)
         returning file_name
       )
       select file_name as name, count(*) as count from removed group by 1`,
      [account, reportId, days.from, addDays(days.to, 1)],
    );
    for (const { name, count } of rows) {
      const file = files.find((each) => each.name === name);
      if (file !== undefined) file.rows = (file.rows ?? 0) - Number(count);
      removed += Number(count);
    }
  }
  return removed;
}

/** Whether another process, which was at the same report, was faster. */
async function isLoaded(client: pg.PoolClient, { account, reportId }: LoadableReport): Promise<boolean> {
  const { rows } = await client.query<{ state: string }>(
    'select state from tn_ledger.billing_reports where account_id = $1 and report_id = $2 for update',
    [account, reportId],
  );
  return rows[0]?.state === 'loaded';
}

/** Facts of the load that columns take as their defaults; they end with the transaction. */
async function set(client: pg.PoolClient, fact: string, value: string): Promise<void> {
  await client.query('select set_config($1, $2, true)', [`tn_ledger.billing_${fact}`, value]);
}

/** First and last day of the rows of a report. */
async function daysOfRows(
  client: pg.PoolClient,
  table: RecordsTable,
  partitions: readonly string[],
  account: string,
  reportId: string,
): Promise<{ from: Day; to: Day } | undefined> {
  const days: Day[] = [];
  for (const partition of partitions) {
    const { rows } = await client.query<{ days: (Day | null)[] }>(
      `select array[to_char(min(${table.timeColumn}), 'YYYY-MM-DD'), to_char(max(${table.timeColumn}), 'YYYY-MM-DD')] as days
         from ${partition} where account_id = $1 and report_id = $2 and isfinite(${table.timeColumn})`,
      [account, reportId],
    );
    days.push(...rows.flatMap((row) => row.days).filter((day) => day !== null));
  }
  days.sort();
  const [from, to] = [days[0], days.at(-1)];
  return from === undefined || to === undefined ? undefined : { from, to };
}

/** One mistyped date in an archive must not delete what is known of all the days up to it. */
function lossError(
  { type }: LoadableReport,
  { from, to }: { from: Day; to: Day },
  losses: readonly Loss[],
): UsageError {
  const [first] = losses as [Loss, ...Loss[]];
  const lost = losses.reduce((sum, { older, newer }) => sum + older - newer, 0);
  return new UsageError(
    `By its rows, the archive covers the days from ${from} to ${to}, and loading it would leave ${formatCount(lost)} rows of type ${type} fewer ` +
      `on ${formatCount(losses.length)} of them (on ${first.day}: ${formatCount(first.newer)} in place of ${formatCount(first.older)}). Nothing was changed.`,
    { hint: 'Name the days that the archive covers with --from and --to: only those are replaced.' },
  );
}

function rejectWarning(
  file: ArchiveFile,
  { rows, rejected, refusal }: { rows: number; rejected: number; refusal: string | undefined },
): string {
  return `${JSON.stringify(file.name)}: ${rejected} of ${rows + rejected} rows could not be loaded and are in billing_rejects (PostgreSQL refused the file as it was: ${refusal}).`;
}

/** An archive of documents: an invoice. */
async function keepOnly(
  { account, reportId, type, days }: LoadableReport,
  archive: Archive,
  database: Database,
): Promise<LoadedReport> {
  const files = archive.files.map(({ name, bytes }) => ({ name, bytes, rows: null, rejected: 0 }));
  const { rowCount } = await database.pool.query(
    `update tn_ledger.billing_reports
        set state = 'kept', files = $3, row_count = 0, rejected_count = 0, error = null where account_id = $1 and report_id = $2`,
    [account, reportId, JSON.stringify(files)],
  );
  if (rowCount === 0) throw new LedgerError(`Report ${reportId} of type ${type} is not in billing_reports.`);
  return { files, rows: 0, rejected: 0, leftOut: 0, replaced: 0, days, warnings: [] };
}
