import { maxNumbersPerLookup, readNumberDetails } from '../dashboard/lookups.js';
import { findNumbersThatLeft } from './confirm-in-service.js';
import { setCursorState } from './cursor.js';
import type { JobContext } from './job.js';
import { detailColumnNames, detailsListing, inService, inserviceListing } from './number-listings.js';
import { IncompleteListingError } from './prove.js';
import { RefusedListingError } from './refused-listing.js';
import { discardSnapshot, dropRepeatedRows, type ReadListing, stagingOf, usableCursor } from './snapshot.js';
import {
  dropNumbersThatLeft,
  dropUnrelatedRows,
  type FoundRow,
  type InService,
  joinSettings,
  keepOtherStatus,
  markOtherStatus,
  stageKnownRows,
  stageRows,
  undoProof,
} from './staged-details.js';
import { inTransaction } from './transaction.js';
import { collectWarnings } from './value-warnings.js';

/** `/tns` leaves out too many of the numbers in service. */
export class MissingDetailsError extends RefusedListingError {
  override readonly name = 'MissingDetailsError';
}

/** Numbers in service for which `/tns` does not list a row of the account that says Inservice. */
interface Disagreements {
  /** How many numbers are in service. */
  inService: number;
  /** `/tns` does not list them. */
  missing: string[];
  /** It lists them under another account. */
  foreign: string[];
  /** It gives them another status; only where the in-service list is proved. */
  otherStatus: string[];
}

/**
 * Makes the staged number details the whole inventory: the account's own rows of `/tns`, and every number in service. The numbers
 * in service are those of an in-service list that waits (or is held for closing too many), else those that the ledger knows as
 * in service.
 *
 * That the details leave a number out does not mean that it left. Such numbers are looked up by `POST /tns`, then confirmed by
 * the in-service numbers themselves: what is still in service stays, with the details that are known. So does a number whose
 * details name another account (hosted numbers).
 *
 * @throws IncompleteListingError when the lookup knows a number in service that the listing should have named
 * @throws MissingDetailsError when too many numbers in service have no details
 */
export async function proveNumberDetails(context: JobContext, cursor: ReadListing): Promise<void> {
  const { account, database } = context;
  if (cursor.state === 'complete') return warnOfDisagreements(context);
  if (!cursor.fromTheStart) await undoProof(context);
  const distinct = await dropRepeatedRows(context, detailsListing, cursor);
  const numbers = await numbersInService(context);
  if (!cursor.fromTheStart || cursor.foreignRows > 0) await dropUnrelatedRows(context, numbers);
  const found = await compareWithService(context, numbers);
  const agrees = found.missing.length + found.foreign.length + found.otherStatus.length === 0;
  if (!agrees) {
    const lookUp = createLookup(context);
    const read = { distinct, pages: cursor.pagesRead.length };
    const { missing, foreign, otherStatus } = await lookUpMissing(context, lookUp, found, read);
    // A proved list is the word of the API that the others are in service; the ledger's own rows are not.
    const doubtful = numbers.proved ? [...missing, ...otherStatus] : [...missing, ...foreign];
    const left = await findNumbersThatLeft(context, doubtful);
    await dropNumbersThatLeft(context, left, numbers);
    const staying = (some: readonly string[]) => some.filter((number) => !left.has(number));
    const withoutDetails = staying(missing);
    await guardMissingDetails(context, { inService: found.inService - left.size, withoutDetails });
    await stageKnownRows(context, withoutDetails);
    if (numbers.proved) await markOtherStatus(context, staying(otherStatus));
    await keepWhatIsStillListed(context, lookUp, left);
    lookUp.warn();
  }
  if (!numbers.proved) await keepOtherStatus(context);
  await setCursorState(database.pool, account, detailsListing.name, 'complete');
  if (!agrees) await warnOfDisagreements(context);
}

async function numbersInService(context: JobContext): Promise<InService> {
  const list = await usableCursor(context, inserviceListing);
  if (list !== undefined && list.state !== 'reading') {
    return { sql: stagingOf(context, inserviceListing).sql, values: [], proved: true };
  }
  // A number with another status in /tns is in service, too, where the in-service list said so.
  const sql = `(select telephone_number from telephone_numbers
    where account_id = $1 and removed_at is null and (status = '${inService}' or discrepancy = 'other status'))`;
  return { sql, values: [context.account], proved: false };
}

async function compareWithService(context: JobContext, { sql, values, proved }: InService): Promise<Disagreements> {
  const staging = stagingOf(context, detailsListing).sql;
  return inTransaction(context.database, { settings: joinSettings, signal: context.signal }, async (client) => {
    const count = await client.query(`select count(*) as count from ${sql} as i`, values);
    const { rows } = await client.query(
      `select i.telephone_number, s.owner_account_id is not null as foreign, s.status is not null as listed
         from ${sql} as i left join ${staging} s on s.telephone_number = i.telephone_number
        where s.telephone_number is null or s.owner_account_id is not null ${proved ? `or s.status <> '${inService}'` : ''}
        order by 1`,
      values,
    );
    const found: Disagreements = { inService: Number(count.rows[0].count), missing: [], foreign: [], otherStatus: [] };
    for (const { telephone_number, foreign, listed } of rows) {
      found[foreign ? 'foreign' : listed ? 'otherStatus' : 'missing'].push(telephone_number);
    }
    return found;
  });
}

/**
 * Looks up the numbers that the listing lacks, and stages what comes of other accounts or with another status. What it returns
 * is `found` with the missing numbers sorted by what came of them.
 */
async function lookUpMissing(
  context: JobContext,
  lookUp: Lookup,
  found: Disagreements,
  read: { distinct: number; pages: number },
): Promise<Disagreements> {
  const sorted: Disagreements = { ...found, missing: [], foreign: [...found.foreign] };
  for (const asked of chunksOf(found.missing)) {
    const { own, foreign, silent } = await lookUp.ask(asked);
    const short = own.filter(({ status }) => status === inService);
    if (short.length > 0) {
      await discardSnapshot(context, detailsListing);
      throw new IncompleteListingError(
        `The number details (/tns) of account ${context.account} are not complete: of ${found.inService} numbers in service its ` +
          `${read.pages} pages lack ${found.missing.length}, such as ${examplesOf(short.map(({ number }) => number))} ` +
          `(${read.distinct} different numbers came).`,
        { hint: 'Run it again; if it stays so, show Bandwidth these figures.' },
      );
    }
    await stageRows(context, [...own, ...foreign]);
    sorted.missing.push(...silent);
    sorted.foreign.push(...foreign.map(({ number }) => number));
    sorted.otherStatus = [...sorted.otherStatus, ...own.map(({ number }) => number)];
  }
  return sorted;
}

interface Lookup {
  /** What `POST /tns` says of up to 2500 numbers; `silent` are those that it refuses or passes over. */
  ask(numbers: readonly string[]): Promise<{ own: FoundRow[]; foreign: FoundRow[]; silent: string[] }>;
  /** Warns of values that fit no column, once for all answers. */
  warn(): void;
}

function createLookup({ account, client, run, signal }: JobContext): Lookup {
  const warnings = collectWarnings();
  const statusAt = detailColumnNames.indexOf('status');
  return {
    async ask(numbers) {
      const answer = await readNumberDetails(client, account, numbers, signal);
      const silent = new Set(numbers);
      const toRows = (items: typeof answer.items) =>
        items
          .map((item) => detailsListing.toRow(item, warnings, account))
          .map((row) => ({ number: row[0] as string, status: row[statusAt] as string, row }))
          .filter(({ number }) => silent.delete(number));
      // Rows of the account itself first: of a number that comes twice, they count.
      const own = toRows(answer.items);
      const foreign = toRows(answer.foreign);
      return { own, foreign, silent: [...silent] };
    },
    warn() {
      for (const sentence of warnings.sentences()) run.warn(`${detailsListing.title}: ${sentence}`);
    },
  };
}

/**
 * Refuses details that leave out more than a small share of the numbers in service: 1 %, or for small accounts 10 numbers and no
 * more than 20 %. On the first night, too, they must cover what `TN_LEDGER_MAX_SHRINK` leaves.
 */
async function guardMissingDetails(
  context: JobContext,
  { inService: all, withoutDetails }: { inService: number; withoutDetails: readonly string[] },
): Promise<void> {
  const { account, options } = context;
  const missing = withoutDetails.length;
  const tolerated = Math.floor(Math.max(all * 0.01, Math.min(10, all * 0.2)));
  const overShrink = missing > all * options.maxShrink;
  if (options.acceptShrink || (missing <= tolerated && !overShrink)) return;
  await discardSnapshot(context, detailsListing);
  const limit = overShrink
    ? `TN_LEDGER_MAX_SHRINK allows ${(options.maxShrink * 100).toFixed(1)} % to be missing.`
    : `${tolerated} may be missing.`;
  throw new MissingDetailsError(
    `The number details (/tns) of account ${account} cover ${all - missing} of its ${all} numbers in service: ` +
      `${missing} have no details, such as ${examplesOf(withoutDetails)}; ${limit}`,
    {
      hint: `Ask Bandwidth about these numbers. To keep them with the details that are known: tn-ledger run ${context.job} --account ${account} --accept-shrink.`,
    },
  );
}

/**
 * A listing that leaves out numbers in service may leave out others (Aging, InAccount): those that would be closed are looked
 * up, and stay if they are the account's.
 */
async function keepWhatIsStillListed(context: JobContext, lookUp: Lookup, left: ReadonlySet<string>): Promise<void> {
  const { account, database, signal } = context;
  const { rows } = await inTransaction(database, { settings: joinSettings, signal }, (client) =>
    client.query(
      `select t.telephone_number from telephone_numbers t
        where t.account_id = $1 and t.removed_at is null
          and not exists (select from ${stagingOf(context, detailsListing).sql} s where s.telephone_number = t.telephone_number)
        order by 1`,
      [account],
    ),
  );
  const closing = rows.map(({ telephone_number }) => telephone_number).filter((number) => !left.has(number));
  for (const asked of chunksOf(closing)) await stageRows(context, (await lookUp.ask(asked)).own);
}

const disagreements = [
  {
    condition: 'owner_account_id is not null and discrepancy is null',
    what: 'that /tns lists under another account',
    done: "They are kept with that account's details.",
  },
  {
    condition: `discrepancy = 'no details'`,
    what: 'that /tns does not name',
    done: 'They are kept as Inservice with the details known before.',
  },
  {
    condition: `discrepancy = 'other status'`,
    what: 'to which /tns gives another status',
    done: 'They are kept with that status.',
  },
];

/** Warns of the numbers in service on which the two listings do not agree, as the staging table has them. */
async function warnOfDisagreements(context: JobContext): Promise<void> {
  const { account, database, run } = context;
  for (const { condition, what, done } of disagreements) {
    const { rows } = await database.pool.query(
      `select telephone_number, coalesce(owner_account_id, nullif(status, '${inService}')) as told, count(*) over () as count
         from ${stagingOf(context, detailsListing).sql} where ${condition} order by telephone_number limit 3`,
    );
    if (rows.length === 0) continue;
    const named = rows.map(({ telephone_number, told }) => telephone_number + (told === null ? '' : ` (${told})`));
    run.warn(
      `Numbers in service on account ${account} ${what}: ${rows[0].count}, such as ${named.join(', ')}. ${done} ` +
        '`tn-ledger audit` lists them.',
    );
  }
}

function chunksOf(numbers: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let start = 0; start < numbers.length; start += maxNumbersPerLookup) {
    chunks.push(numbers.slice(start, start + maxNumbersPerLookup));
  }
  return chunks;
}

const examplesOf = (numbers: readonly string[]) => numbers.slice(0, 3).join(', ');
