import type pg from 'pg';
import { type CopyValue, copyRows } from '../database/copy.js';
import { addRowsStaged } from './cursor.js';
import type { JobContext } from './job.js';
import { keepJobOut } from './lock.js';
import { detailColumnNames, detailsListing, inService, inserviceListing } from './number-listings.js';
import { type SnapshotListing, stagingOf } from './snapshot.js';
import { inTransaction } from './transaction.js';

/** The numbers in service that the details are held against. */
export interface InService {
  /** A table expression with a column `telephone_number`, and its parameters. */
  sql: string;
  values: unknown[];
  /** An in-service list that was read and proved; else the ledger's own numbers in service, which may have left since. */
  proved: boolean;
}

/** A row of `/tns` as it is staged. */
export interface FoundRow {
  number: string;
  status: string;
  row: CopyValue[];
}

// Statements that join the whole account: memory for one hash table is cheap for the time that it saves.
export const joinSettings = { work_mem: '192MB' };

/** Stages further rows of the listing. */
export async function stageRows(context: JobContext, found: readonly FoundRow[]): Promise<void> {
  if (found.length === 0) return;
  await inTransaction(context.database, {}, async (client) => {
    const target = { table: stagingOf(context, detailsListing).sql, columns: detailColumnNames };
    const rows = found.map(({ row }) => row);
    await addRowsStaged(client, context.account, detailsListing.name, await copyRows(client, target, rows));
  });
}

/** Stages numbers in service of which `/tns` says nothing, with what the ledger knows of them. */
export async function stageKnownRows(context: JobContext, numbers: readonly string[]): Promise<void> {
  if (numbers.length === 0) return;
  // A number that was gone or had another status is in service since another date.
  const known: Record<string, string> = {
    telephone_number: 'n.number',
    status: `'${inService}'`,
    in_service_date: `case when t.removed_at is null and t.status = '${inService}' then t.in_service_date end`,
    discrepancy: `'no details'`,
  };
  await inTransaction(context.database, { settings: joinSettings }, async (client) => {
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

/** Marks numbers in service to which `/tns` gives another status. */
export async function markOtherStatus(context: JobContext, numbers: readonly string[]): Promise<void> {
  if (numbers.length === 0) return;
  await context.database.pool.query(
    `update ${stagingOf(context, detailsListing).sql} set discrepancy = 'other status' where telephone_number = any($1)`,
    [numbers],
  );
}

/**
 * Without a proved in-service list, nobody knows whether a number that had another status than the list says is still in it: what
 * the ledger holds stays.
 */
export async function keepOtherStatus(context: JobContext): Promise<void> {
  await context.database.pool.query(
    `update ${stagingOf(context, detailsListing).sql} s set discrepancy = t.discrepancy from telephone_numbers t
      where t.account_id = $1 and t.removed_at is null and t.discrepancy = 'other status'
        and s.telephone_number = t.telephone_number and s.status <> '${inService}'`,
    [context.account],
  );
}

/** Takes numbers out of what is staged, so that the comparison closes them. */
export async function dropNumbersThatLeft(
  context: JobContext,
  left: Set<string>,
  { proved }: InService,
): Promise<void> {
  const { account, database, log } = context;
  if (left.size === 0) return;
  log.info(`${left.size} numbers of account ${account} left before their details were read`);
  const listing = proved ? inserviceListing : detailsListing;
  await inTransaction(database, { settings: joinSettings }, async (client) => {
    // Another run may be reading the list anew just now, and will see for itself.
    if (proved && !(await keepJobOut(client, 'sync-inservice-numbers', account))) return;
    const ofOthers = proved ? '' : 'and owner_account_id is not null';
    await deleteStaged(client, context, listing, `telephone_number = any($1) ${ofOthers}`, [[...left]]);
  });
}

/** Takes back what an earlier run's proof put into the staging table: it may be hours old. */
export async function undoProof(context: JobContext): Promise<void> {
  await inTransaction(context.database, {}, async (client) => {
    await deleteStaged(client, context, detailsListing, `discrepancy = 'no details'`);
    await client.query(
      `update ${stagingOf(context, detailsListing).sql} set discrepancy = null where discrepancy is not null`,
    );
  });
}

/** Rows of other accounts for numbers that are not in service on this one. */
export async function dropUnrelatedRows(context: JobContext, { sql, values }: InService): Promise<void> {
  const { account, database, log, signal } = context;
  const dropped = await inTransaction(database, { settings: joinSettings, signal }, (client) =>
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
