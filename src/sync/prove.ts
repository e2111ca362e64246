import { maxNumbersPerLookup } from '../dashboard/lookups.js';
import { readNumberDetails, readTotal } from '../dashboard/pager.js';
import { LedgerError } from '../errors.js';
import { setCursorState } from './cursor.js';
import type { JobContext } from './job.js';
import { detailsListing, inserviceListing } from './number-listings.js';
import { discardSnapshot, dropRepeatedRows, type ReadListing, stagingOf, usableCursor } from './snapshot.js';
import { inTransaction } from './transaction.js';

/** A listing was read to its end, and yet is not all that the account has; it was thrown away. */
export class IncompleteListingError extends LedgerError {
  override readonly name = 'IncompleteListingError';
}

const nothingChanged = 'Nothing was closed or changed, and what was read was thrown away.';

/** A list that changed while it was read: read it again. */
export const listMoved = Symbol('list moved');

/**
 * Proves that the staged in-service list is the account's whole list: as many different numbers as `…/totals` says now and as
 * `TotalCount` said on its last page. Answers `listMoved` where the figures differ because the list changed while it was read.
 *
 * @throws IncompleteListingError when numbers are missing though the list did not change
 */
export async function proveInserviceNumbers(
  context: JobContext,
  cursor: ReadListing,
): Promise<typeof listMoved | undefined> {
  const { account, client, database, signal } = context;
  if (cursor.state === 'complete') return undefined;
  const distinct = await dropRepeatedRows(context, inserviceListing, cursor);
  const total = await readTotal(client, inserviceListing.resource, account, signal);
  const { firstTotalCount = total, lastTotalCount = total } = cursor;
  if (distinct === total && distinct === lastTotalCount) {
    await setCursorState(database.pool, account, inserviceListing.name, 'complete');
    return undefined;
  }
  await discardSnapshot(context, inserviceListing);
  if (firstTotalCount !== total || lastTotalCount !== total) return listMoved;
  throw new IncompleteListingError(
    `The in-service list of account ${account} is not complete: TotalCount and …/totals say ${total} numbers, but its ` +
      `${cursor.pagesRead.length} pages named ${distinct} different ones. ${nothingChanged}`,
    { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
  );
}

/**
 * Proves that the staged number details name every number that the account has in service: those of an in-service list that
 * waits (or is held for closing too many), else those that the ledger holds as in service. Numbers that it lacks are asked
 * about: a number that left the account between the two listings is no gap.
 *
 * @throws IncompleteListingError when a number in service is missing
 */
export async function proveNumberDetails(context: JobContext, cursor: ReadListing): Promise<void> {
  const { account, database, log } = context;
  if (cursor.state === 'complete') return;
  const distinct = await dropRepeatedRows(context, detailsListing, cursor);
  const { inService, missing } = await missingDetails(context);
  for (let asked = 0; asked < missing.length; asked += maxNumbersPerLookup) {
    const stillThere = await stillInService(context, missing.slice(asked, asked + maxNumbersPerLookup));
    if (stillThere.length === 0) continue;
    await discardSnapshot(context, detailsListing);
    throw new IncompleteListingError(
      `The number details (/tns) of account ${account} are not complete: of ${inService} numbers in service its ` +
        `${cursor.pagesRead.length} pages lack ${missing.length}, such as ${stillThere.slice(0, 3).join(', ')} ` +
        `(${distinct} different numbers came). ${nothingChanged}`,
      { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
    );
  }
  if (missing.length > 0)
    log.info(`${missing.length} numbers of account ${account} left before their details were read`);
  await setCursorState(database.pool, account, detailsListing.name, 'complete');
}

/** How many numbers are in service, and which of them the staged details lack. */
async function missingDetails(context: JobContext): Promise<{ inService: number; missing: string[] }> {
  const { account, database, signal } = context;
  const list = await usableCursor(context, inserviceListing);
  const waiting = list !== undefined && list.state !== 'reading';
  const [inService, values] = waiting
    ? [stagingOf(context, inserviceListing).sql, []]
    : [
        `(select telephone_number from telephone_numbers where account_id = $1 and removed_at is null and status = 'Inservice')`,
        [account],
      ];
  // Memory for one hash table over the whole account, as for the comparison that follows.
  return inTransaction(database, { settings: { work_mem: '192MB' }, signal }, async (client) => {
    const count = await client.query(`select count(*) as count from ${inService} as i`, values);
    const missing = await client.query(
      `select i.telephone_number from ${inService} as i
        where not exists (select from ${stagingOf(context, detailsListing).sql} s where s.telephone_number = i.telephone_number)
        order by 1`,
      values,
    );
    return {
      inService: Number(count.rows[0].count),
      missing: missing.rows.map(({ telephone_number }) => telephone_number),
    };
  });
}

async function stillInService({ account, client, signal }: JobContext, numbers: string[]): Promise<string[]> {
  const answer = await readNumberDetails(client, account, numbers, signal);
  const [key, status, owner] = ['FullNumber', 'Status', 'AccountId'].map((field) =>
    detailsListing.resource.fields.indexOf(field),
  ) as [number, number, number];
  return answer.items
    .filter(({ values }) => values[status] === 'Inservice' && values[owner] === account)
    .map(({ values }) => values[key] ?? '');
}
