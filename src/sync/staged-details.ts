import type pg from 'pg';
import { tryLockJob } from '../database/advisory-locks.js';
import { type CopyValue, copyRows } from '../database/copy.js';
import { change, inTransaction } from '../database/transaction.js';
import type { JobContext } from '../run/job.js';
import { addRowsStaged } from './cursor.js';
import { detailColumnNames, detailsListing, inService, inserviceListing } from './number-listings.js';
import { type SnapshotListing, stagingOf } from './snapshot.js';

/** The numbers in service that the details are compared with. */
export interface InService {
  /** A table expression with a column `telephone_number`, and its parameters. */
  sql: string;
  values: unknown[];
  /** True for a verified in-service list; false for the ledger's own numbers in service, which may have left since. */
  verified: boolean;
}

/** A staged row of `/tns`. */
export interface FoundRow {
  number: string;
  status: string;
  row: CopyValue[];
}

/** Stages more rows of the listing. */
export async function stageRows(context: JobContext, found: readonly FoundRow[]): Promise<void> {
  if (found.length === 0) return;
  await inTransaction(context.database, { repeatable: true }, async (client) => {
    const target = { table: stagingOf(context, detailsListing).sql, columns: detailColumnNames };
    const rows = found.map(({ row }) => row);
    await addRowsStaged(client, context.account, detailsListing.name, await copyRows(client, target, rows));
  });
}

/** Stages numbers in service that are not in `/tns`, with the details known before. */
export async function stageKnownRows(context: JobContext, numbers: readonly string[]): Promise<void> {
  if (numbers.length === 0) return;
  // For a number that was gone or had another status, the stored in-service date no longer applies.
  const known: Record<string, string> = {
    telephone_number: 'n.number',
    status: `'${inService}'`,
    in_service_date: `case when t.removed_at is null and t.status = '${inService}' then t.in_service_date end`,
    discrepancy: `'no details'`,
  };
  await inTransaction(context.database, { largeJoin: true, repeatable: true }, async (client) => {
    const { rowCount } = await client.query(
      `insert into ${stagingOf(context, detailsListing).sql} (${detailColumnNames.join(', ')})
       select ${detailColumnNames.map((name) => known[name] ?? `t.${name}`).join(', ')}
         from unnest($2::text[]) as n (number)
         left join telephone_numbers t on t.account_id = $1 and t.telephone_number = n.number`,
      [context.account, numbers],
    );
    await addRowsStaged(client, context.account, detailsListing.name, rowCount ?? 0);
  });
}

/** Marks numbers in service that `/tns` lists with another status. */
export async function markOtherStatus(context: JobContext, numbers: readonly string[]): Promise<void> {
  if (numbers.length === 0) return;
  await change(
    context.database,
    `update ${stagingOf(context, detailsListing).sql} set discrepancy = 'other status' where telephone_number = any($1)`,
    [numbers],
  );
}

/**
 * Keeps the stored mark of numbers in service with another status in `/tns`. Without a verified in-service list, there's no evidence
 * that they left it.
 */
export async function keepOtherStatus(context: JobContext): Promise<void> {
  await change(
    context.database,
    `update ${stagingOf(context, detailsListing).sql} s set discrepancy = t.discrepancy from telephone_numbers t
      where t.account_id = $1 and t.removed_at is null and t.discrepancy = 'other status'
        and s.telephone_number = t.telephone_number and s.status <> '${inService}'`,
    [context.account],
  );
}

/** Removes numbers from the staging table, so that the comparison closes them. */
export async function dropNumbersThatLeft(
  context: JobContext,
  left: Set<string>,
  { verified }: InService,
): Promise<void> {
  const { account, database, log } = context;
  if (left.size === 0) return;
  log.info(`${left.size} numbers of account ${account} left before their details were read`);
  const listing = verified ? inserviceListing : detailsListing;
  await inTransaction(database, { largeJoin: true, repeatable: true }, async (client) => {
    // Another run may be reading the list again right now; that run finds out by itself.
    if (verified && !(await tryLockJob(client, 'sync-inservice-numbers', account))) return;
    const ofOthers = verified ? '' : 'and owner_account_id is not null';
    await deleteStaged(client, context, listing, `telephone_number = any($1) ${ofOthers}`, [[...left]]);
  });
}

/** Removes what an earlier run's verification added to the staging table: it may be hours old. */
export async function undoVerification(context: JobContext): Promise<void> {
  await inTransaction(context.database, { repeatable: true }, async (client) => {
    await deleteStaged(client, context, detailsListing, `discrepancy = 'no details'`);
    await client.query(
      `update ${stagingOf(context, detailsListing).sql} set discrepancy = null where discrepancy is not null`,
    );
  });
}

/** Removes rows of other accounts for numbers that are not in service on this one. */
export async function dropUnrelatedRows(context: JobContext, { sql, values }: InService): Promise<void> {
  const { account, database, log, signal } = context;
  const dropped = await inTransaction(database, { largeJoin: true, signal, repeatable: true }, (client) =>
    deleteStaged(
      client,
      context,
      detailsListing,
      `owner_account_id is not null and not exists (select from ${sql} as i where i.telephone_number = s.telephone_number)`,
      values,
    ),
  );
  if (dropped > 0) log.info(`${dropped} rows of other accounts in the number details of account ${account} left out`);
}

async function deleteStaged(
  client: pg.ClientBase,
  context: JobContext,
  listing: SnapshotListing,
  condition: string,
  values: unknown[] = [],
): Promise<number> {
  const { rowCount } = await client.query(
    `delete from ${stagingOf(context, listing).sql} as s where ${condition}`,
    values,
  );
  const deleted = rowCount ?? 0;
  await addRowsStaged(client, context.account, listing.name, -deleted);
  return deleted;
}
