import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type pg from 'pg';
import type { ArchiveLimits } from '../config.js';
import type { Archive, ArchiveFile } from './archive.js';
import { readFileIn } from './read-file.js';
import { partitionsOf, type RecordsTable } from './records-table.js';
import type { ReportFile } from './reports.js';

/** A report that is loaded. */
interface Candidate {
  report_id: string;
  files: ReportFile[];
  row_count: string;
  /** Rows that were pruned with their months. */
  pruned_count: string;
  partitions: string[];
}

/**
 * Returns the ID of the earlier report of the same account, type and days whose CSV files have the content of an archive's, so
 * that loading it would delete rows and insert the same ones. A nightly run requests each of the last days several
 * times, and most don't change.
 *
 * Undefined also if a row of the earlier report was rejected, replaced or deleted: loading may then make a
 * difference. Rows that were pruned with their months are not missed. Archives whose sizes differ aren't read.
 *
 * @throws {ArchiveError} if a file is damaged or larger than allowed
 */
export async function findSameReport(
  client: pg.ClientBase,
  table: RecordsTable,
  { account, reportId }: { account: string; reportId: string },
  archive: Archive,
  limits: ArchiveLimits,
): Promise<string | undefined> {
  const { rows } = await client.query<Candidate>(
    `select earlier.report_id, earlier.files, earlier.row_count, coalesce(earlier.pruned_count, 0) as pruned_count, earlier.partitions
       from tn_ledger.billing_reports as own
       join tn_ledger.billing_reports as earlier on earlier.account_id = own.account_id and earlier.type = own.type
        and earlier.start_date = own.start_date and earlier.end_date = own.end_date
        and earlier.requested_end_date is not distinct from own.requested_end_date
      where own.account_id = $1 and own.report_id = $2 and own.partitions is null
        and earlier.state = 'loaded' and earlier.replaced_by is null and earlier.rejected_count = 0
      order by earlier.loaded_at desc
      limit 1`,
    [account, reportId],
  );
  const [candidate] = rows;
  if (
    candidate === undefined ||
    !sameItems(
      loadedSizes(candidate.files),
      csvFiles(archive).map(({ bytes }) => bytes),
    )
  )
    return undefined;
  const rowCount = (await countRows(client, table, account, candidate)) + Number(candidate.pruned_count);
  if (rowCount !== Number(candidate.row_count)) return undefined;
  const known = candidate.files.flatMap(({ sha256 }) => sha256 ?? []);
  return sameItems(known, await hashesOf(archive, limits)) ? candidate.report_id : undefined;
}

/** The sizes of the files that were loaded. Their names may contain the report's id, so they don't matter. */
function loadedSizes(files: readonly ReportFile[]): number[] {
  return files.filter(({ rows }) => rows !== null).map(({ bytes }) => bytes);
}

function csvFiles({ files }: Archive): ArchiveFile[] {
  return files.filter(({ kind }) => kind === 'csv');
}

function sameItems(one: readonly (string | number)[], other: readonly (string | number)[]): boolean {
  return isDeepStrictEqual(one.toSorted(), other.toSorted());
}

async function hashesOf(archive: Archive, limits: ArchiveLimits): Promise<string[]> {
  const hashes: string[] = [];
  let unpacked = 0;
  for (const file of csvFiles(archive)) {
    const hash = createHash('sha256');
    for await (const chunk of readFileIn(archive, file, { limits, unpacked })) hash.update(chunk);
    hashes.push(hash.digest('hex'));
    unpacked += file.bytes;
  }
  return hashes;
}

async function countRows(
  client: pg.ClientBase,
  table: RecordsTable,
  account: string,
  { report_id, partitions }: Candidate,
): Promise<number> {
  const existing = new Set(await partitionsOf(client, table));
  let count = 0;
  for (const partition of partitions.filter((each) => existing.has(each))) {
    const { rows } = await client.query<{ count: string }>(
      `select count(*) as count from ${partition} where account_id = $1 and report_id = $2`,
      [account, report_id],
    );
    count += Number(rows[0]?.count);
  }
  return count;
}
