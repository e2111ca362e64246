import { readNumberDetails, readTotal } from '../dashboard/pager.js';
import { LedgerError } from '../errors.js';
import { type Cursor, setCursorState } from './cursor.js';
import type { JobContext } from './job.js';
import { detailsListing, inserviceListing } from './number-listings.js';
import { discardSnapshot, dropRepeatedRows, stagingOf, usableCursor } from './snapshot.js';

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
  cursor: Cursor,
): Promise<typeof listMoved | undefined> {
  const { account, client, database } = context;
  if (cursor.state === 'complete') return undefined;
  const distinct = await dropRepeatedRows(context, inserviceListing, cursor.rowsStaged);
  const total = await readTotal(client, inserviceListing.resource, account);
  const { firstTotalCount = total, lastTotalCount = total } = cursor;
  if (distinct === total && distinct === lastTotalCount) {
    await setCursorState(database.pool, account, inserviceListing.name, 'complete', distinct);
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

/** More missing numbers than this are not asked about one by one: the listing is plainly not whole. */
const mostMissingAsked = 2500; // one POST /tns

/**
 * Proves that the staged number details name every number that the account has in service: those of an in-service list that
 * waits, else those that the ledger holds as in service. Numbers that it lacks are asked about: a number that left the
 * account between the two listings is no gap.
 *
 * @throws IncompleteListingError when a number in service is missing
 */
export async function proveNumberDetails(context: JobContext, cursor: Cursor): Promise<void> {
  const { account, client, database, log } = context;
  if (cursor.state === 'complete') return;
  const distinct = await dropRepeatedRows(context, detailsListing, cursor.rowsStaged);
  const waiting = (await usableCursor(context, inserviceListing))?.state === 'complete';
  const inService = waiting
    ? `select telephone_number from ${stagingOf(context, inserviceListing).sql}`
    : `select telephone_number from telephone_numbers where account_id = $1 and removed_at is null and status = 'Inservice'`;
  const { rows } = await database.pool.query(
    `with in_service as (${inService}), missing as (
       select telephone_number from in_service i
        where not exists (select from ${stagingOf(context, detailsListing).sql} s where s.telephone_number = i.telephone_number)
     )
     select (select count(*) from in_service) as in_service, (select count(*) from missing) as missing,
       array(select telephone_number from missing order by 1 limit ${mostMissingAsked}) as numbers`,
    waiting ? [] : [account],
  );
  const { numbers } = rows[0] as { numbers: string[] };
  const missing = Number(rows[0].missing);
  const stillThere = missing > mostMissingAsked ? numbers : await stillInService(context, numbers);
  if (stillThere.length > 0) {
    const found = `of ${rows[0].in_service} numbers in service its ${cursor.pagesRead.length} pages lack ${missing}, such as ${stillThere.slice(0, 3).join(', ')}`;
    await discardSnapshot(context, detailsListing);
    throw new IncompleteListingError(
      `The number details (/tns) of account ${account} are not complete: ${found} (${distinct} different numbers came). ${nothingChanged}`,
      { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
    );
  }
  if (missing > 0)
    log.info(`${missing} numbers left account ${account} between the in-service list and the number details`);
  await setCursorState(database.pool, account, detailsListing.name, 'complete', distinct);
  return;

  async function stillInService({ account }: JobContext, asked: string[]): Promise<string[]> {
    if (asked.length === 0) return [];
    const answer = await readNumberDetails(client, account, asked);
    const [keyIndex, statusIndex, accountIndex] = ['FullNumber', 'Status', 'AccountId'].map((field) =>
      detailsListing.resource.fields.indexOf(field),
    ) as [number, number, number];
    return answer.items
      .filter(({ values }) => values[statusIndex] === 'Inservice' && values[accountIndex] === account)
      .map(({ values }) => values[keyIndex] ?? '');
  }
}
