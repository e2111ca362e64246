import { chunksOf } from '../chunks-of.js';
import { maxNumbersPerLookup, readNumberDetails } from '../dashboard/lookups.js';
import { inTransaction } from '../database/transaction.js';
import type { JobContext } from '../run/job.js';
import { findNumbersThatLeft } from './confirm-in-service.js';
import { setCursorState } from './cursor.js';
import { detailColumnNames, detailsListing, inService, inserviceListing } from './number-listings.js';
import { RefusedListingError } from './refused-listing.js';
import { discardSnapshot, dropRepeatedRows, type ReadListing, stagingOf, usableCursor } from './snapshot.js';
import {
  dropNumbersThatLeft,
  dropUnrelatedRows,
  type FoundRow,
  type InService,
  keepOtherStatus,
  markOtherStatus,
  stageKnownRows,
  stageRows,
  undoVerification,
} from './staged-details.js';
import { collectWarnings } from './value-warnings.js';
import { IncompleteListingError } from './verify-inservice.js';

/** `/tns` omits too many of the numbers in service. */
export class MissingDetailsError extends RefusedListingError {
  override readonly name = 'MissingDetailsError';
}

/** Numbers in service for which `/tns` has no Inservice row of the account. */
interface Disagreements {
  /** How many numbers are in service. */
  inService: number;
  /** Not in `/tns`. */
  missing: string[];
  /** In `/tns` under another account. */
  foreign: string[];
  /** In `/tns` with another status; only if the in-service list is verified. */
  otherStatus: string[];
}

/**
 * Completes the staged number details to the whole inventory: the account's own rows of `/tns`, and every number in service. The
 * numbers in service come from a staged in-service list (waiting, or held because it would close too many), or from the ledger.
 *
 * A number missing from the details has not necessarily left. Missing numbers are looked up with `POST /tns`, then checked against
 * the in-service numbers: those still in service stay, with the details known before. So does a number whose details name another
 * account (hosted numbers).
 *
 * @throws IncompleteListingError if the lookup finds a number in service that the listing should have included
 * @throws MissingDetailsError if too many numbers in service have no details
 */
export async function verifyNumberDetails(context: JobContext, cursor: ReadListing): Promise<void> {
  const { account, database } = context;
  if (cursor.state === 'complete') return warnOfDisagreements(context);
  if (!cursor.fromTheStart) await undoVerification(context);
  const distinct = await dropRepeatedRows(context, detailsListing, cursor);
  const numbers = await numbersInService(context);
  if (!cursor.fromTheStart || cursor.foreignRows > 0) await dropUnrelatedRows(context, numbers);
  const found = await compareWithService(context, numbers);
  const agrees = found.missing.length + found.foreign.length + found.otherStatus.length === 0;
  if (!agrees) {
    const lookUp = createLookup(context);
    const read = { distinct, pages: cursor.pagesRead.length };
    const { missing, foreign, otherStatus } = await lookUpMissing(context, lookUp, found, read);
    // A verified list is the API's confirmation that the others are in service; the ledger's own rows are not.
    const doubtful = numbers.verified ? [...missing, ...otherStatus] : [...missing, ...foreign];
    const left = await findNumbersThatLeft(context, doubtful);
    await dropNumbersThatLeft(context, left, numbers);
    const staying = (some: readonly string[]) => some.filter((number) => !left.has(number));
    const withoutDetails = staying(missing);
    await guardMissingDetails(context, { inService: found.inService - left.size, withoutDetails });
    await stageKnownRows(context, withoutDetails);
    if (numbers.verified) await markOtherStatus(context, staying(otherStatus));
    await keepWhatIsStillListed(context, lookUp, left);
    lookUp.warn();
  }
  if (!numbers.verified) await keepOtherStatus(context);
  await setCursorState(database, account, detailsListing.name, 'complete');
  if (!agrees) await warnOfDisagreements(context);
}

async function numbersInService(context: JobContext): Promise<InService> {
  const list = await usableCursor(context, inserviceListing);
  if (list !== undefined && list.state !== 'reading') {
    return { sql: stagingOf(context, inserviceListing).sql, values: [], verified: true };
  }
  // A number with another status in /tns is in service too, if the in-service list said so.
  const sql = `(select telephone_number from telephone_numbers
    where account_id = $1 and removed_at is null and (status = '${inService}' or discrepancy = 'other status'))`;
  return { sql, values: [context.account], verified: false };
}

async function compareWithService(context: JobContext, { sql, values, verified }: InService): Promise<Disagreements> {
  const staging = stagingOf(context, detailsListing).sql;
  return inTransaction(
    context.database,
    { largeJoin: true, signal: context.signal, repeatable: true },
    async (client) => {
      const count = await client.query(`select count(*) as count from ${sql} as i`, values);
      const { rows } = await client.query(
        `select i.telephone_number, s.owner_account_id is not null as foreign, s.status is not null as listed
         from ${sql} as i left join ${staging} s on s.telephone_number = i.telephone_number
        where s.telephone_number is null or s.owner_account_id is not null ${verified ? `or s.status <> '${inService}'` : ''}
        order by 1`,
        values,
      );
      const found: Disagreements = {
        inService: Number(count.rows[0].count),
        missing: [],
        foreign: [],
        otherStatus: [],
      };
      for (const { telephone_number, foreign, listed } of rows) {
        found[foreign ? 'foreign' : listed ? 'otherStatus' : 'missing'].push(telephone_number);
      }
      return found;
    },
  );
}

/**
 * Looks up the missing numbers, and stages those found on another account or with another status. Returns `found` with the missing
 * numbers moved to the matching list.
 */
async function lookUpMissing(
  context: JobContext,
  lookUp: Lookup,
  found: Disagreements,
  read: { distinct: number; pages: number },
): Promise<Disagreements> {
  const sorted: Disagreements = { ...found, missing: [], foreign: [...found.foreign] };
  for (const asked of chunksOf(found.missing, maxNumbersPerLookup)) {
    const { own, foreign, silent } = await lookUp.ask(asked);
    const short = own.filter(({ status }) => status === inService);
    if (short.length > 0) {
      await discardSnapshot(context, detailsListing);
      throw new IncompleteListingError(
        `The number details (/tns) of account ${context.account} are not complete: of ${found.inService} numbers in service its ` +
          `${read.pages} pages lack ${found.missing.length}, such as ${examplesOf(short.map(({ number }) => number))} ` +
          `(they listed ${read.distinct} distinct numbers).`,
        { hint: 'Run it again. If the figures stay the same, report them to Bandwidth.' },
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
  /** Looks up at most 2500 numbers with `POST /tns`; `silent`: those that it rejects or omits. */
  ask(numbers: readonly string[]): Promise<{ own: FoundRow[]; foreign: FoundRow[]; silent: string[] }>;
  /** Warns about values that don't fit their columns, once for all responses. */
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
      // The account's own rows first: they win if a number is listed twice.
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
 * Rejects details that omit more than a small share of the numbers in service: 1 %, or for small accounts 10 numbers but at most
 * 20 %. They never may omit more than `TN_LEDGER_MAX_SHRINK` allows, not even on the first run.
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
      hint: `Ask Bandwidth about these numbers. To keep them with the details known before: tn-ledger run ${context.job} --account ${account} --accept-shrink.`,
    },
  );
}

/**
 * A listing that omits numbers in service may omit others (Aging, InAccount) too. Numbers that would be closed are looked up, and
 * stay if they are on the account.
 */
async function keepWhatIsStillListed(context: JobContext, lookUp: Lookup, left: ReadonlySet<string>): Promise<void> {
  const { account, database, signal } = context;
  const { rows } = await inTransaction(database, { largeJoin: true, signal, repeatable: true }, (client) =>
    client.query(
      `select t.telephone_number from telephone_numbers t
        where t.account_id = $1 and t.removed_at is null
          and not exists (select from ${stagingOf(context, detailsListing).sql} s where s.telephone_number = t.telephone_number)
        order by 1`,
      [account],
    ),
  );
  const closing = rows.map(({ telephone_number }) => telephone_number).filter((number) => !left.has(number));
  for (const asked of chunksOf(closing, maxNumbersPerLookup)) await stageRows(context, (await lookUp.ask(asked)).own);
}

const disagreements = [
  {
    condition: 'owner_account_id is not null and discrepancy is null',
    what: 'that /tns lists under another account',
    done: "They are kept with that account's details.",
  },
  {
    condition: `discrepancy = 'no details'`,
    what: 'that /tns does not list',
    done: 'They stay Inservice with the details known before.',
  },
  {
    condition: `discrepancy = 'other status'`,
    what: 'that /tns lists with another status',
    done: 'They are kept with that status.',
  },
];

/** Warns about the staged numbers in service on which the two listings disagree. */
async function warnOfDisagreements(context: JobContext): Promise<void> {
  const { account, database, run } = context;
  for (const { condition, what, done } of disagreements) {
    const { rows } = await database.pool.query(
      `select telephone_number, coalesce(owner_account_id, nullif(status, '${inService}')) as listed_as, count(*) over () as count
         from ${stagingOf(context, detailsListing).sql} where ${condition} order by telephone_number limit 3`,
    );
    if (rows.length === 0) continue;
    const named = rows.map(
      ({ telephone_number, listed_as }) => telephone_number + (listed_as === null ? '' : ` (${listed_as})`),
    );
    run.warn(
      `Numbers in service on account ${account} ${what}: ${rows[0].count}, such as ${named.join(', ')}. ${done} ` +
        '`tn-ledger audit` lists them.',
    );
  }
}

const examplesOf = (numbers: readonly string[]) => numbers.slice(0, 3).join(', ');
