import { isUnknownOrMalformed } from '../../dashboard/errors.js';
import { PageSizeChangedError } from '../../dashboard/page-size.js';
import { type Item, readPages, readTotal } from '../../dashboard/pager.js';
import type { ListResource } from '../../dashboard/resource.js';
import { type Location, numbersOfLocation, sites } from '../../dashboard/resources/sites.js';
import { listAt, type XmlElement } from '../../dashboard/xml.js';
import { inTransaction } from '../../database/transaction.js';
import type { JobContext } from '../../run/job.js';
import { type Cursor, forgetParts, setRowsStaged } from '../cursor.js';
import { checkedNumber } from '../number-listings.js';
import {
  commitPage,
  createEndGuard,
  discardSnapshot,
  interrupted,
  noteWithoutKey,
  type SnapshotListing,
  stagingOf,
  startListing,
  usableCursor,
} from '../snapshot.js';
import { collectWarnings, type ValueWarnings } from '../value-warnings.js';
import { IncompleteListingError } from '../verify-inservice.js';

/** The numbers of all locations: one staging table, and one cursor whose pages are addressed as `location/page`. */
export const numbersByLocation = {
  name: sites.name,
  title: 'numbers by location',
  entry: 'a number',
  columns: [
    { name: 'telephone_number', type: 'text collate "C"' },
    { name: 'site_id', type: 'text collate "C"' },
    { name: 'sip_peer_id', type: 'text collate "C"' },
    { name: 'tn_attributes', type: 'text[]' },
    { name: 'location_settings', type: 'jsonb' },
  ],
} as const satisfies Partial<SnapshotListing>;

type LastPage = NonNullable<ListResource['numberedPages']>;

/** The list of a location; `lastPage` says which page ends it. */
export function listingOf(location: Location, lastPage: LastPage): SnapshotListing {
  const { siteId, sipPeerId } = location;
  return {
    ...numbersByLocation,
    title: `numbers of location ${sipPeerId}`,
    resource: numbersOfLocation(location, lastPage),
    toRow: ({ values, extra }, warnings) => {
      const number = checkedNumber(values[0], warnings);
      return [number, siteId, sipPeerId, attributesOf(extra, number, warnings), settingsOf(extra)];
    },
  };
}

/**
 * The attributes as an array of PostgreSQL. An entry with other elements and no attributes has none. An entry of only a number was
 * listed without attributes, which is no evidence: null.
 */
function attributesOf(extra: Item['extra'], number: string, warnings: ValueWarnings): string | null {
  if (extra === undefined) return null;
  const given = extra.TnAttributes;
  const texts = listAt(extra, 'TnAttributes.TnAttribute');
  const areTexts = texts.every((text): text is string => typeof text === 'string');
  if (!areTexts || (texts.length === 0 && given !== undefined && given !== '')) {
    warnings.note('attributes that are not a list of texts (unknown)', `${JSON.stringify(given)} of ${number}`);
    return null;
  }
  const quoted = [...new Set(texts)].sort().map((text) => `"${text.replace(/["\\]/g, '\\$&')}"`);
  return `{${quoted.join(',')}}`;
}

/** Elements without personal data. */
const keptSettings = ['CallingNameDisplay', 'MessagingSettings', 'NumberFormat', 'RPIDFormat', 'RewriteUser'];

/**
 * The other elements, as JSON; null, as for attributes, if there are none at all. The destination of forwarded calls may be an end
 * user's private number, so only its existence is stored.
 */
function settingsOf(extra: XmlElement | undefined): string | null {
  if (extra === undefined) return null;
  const kept: [string, unknown][] = keptSettings.flatMap((name) => (extra[name] ? [[name, extra[name]]] : []));
  if (extra.CallForward) kept.push(['CallForward', true]);
  return JSON.stringify(Object.fromEntries(kept));
}

const maxReadings = 3;

/**
 * Reads the numbers of all locations into the staging table, until each location's list has as many different numbers as its total,
 * and no number is at two locations.
 *
 * The totals are read after all lists. A number that moves to another location while the lists are read is in both or in neither. Then
 * the total of one of them differs from its list, unless another number moves the other way: then one of the two is in both lists.
 * In either case, these lists are read again. A number that still is at two locations after the last reading is left to
 * `applyLocations`.
 *
 * A location that was empty in the last run costs one request if it still is: a total of 0 proves the list. Any other total proves
 * nothing about which numbers are there.
 *
 * @returns the number of each location's numbers, by location ID
 * @throws {IncompleteListingError} if lists and totals differ three times in a row
 */
export async function readNumbersOfLocations(
  context: JobContext,
  locations: readonly Location[],
): Promise<Map<string, number>> {
  const { account, log, run } = context;
  const warnings = collectWarnings();
  const { done, underway } = await startOrResume(context, locations);
  const empty = await readEmptyLocations(context);
  let unread = locations.filter(({ sipPeerId }) => !done.has(sipPeerId) && !empty.has(sipPeerId));
  for (let reading = 1; ; reading += 1) {
    // An API that ignores the size of a page may return shorter ones.
    const lastPage = reading === 1 ? 'until short' : 'until empty';
    for (const location of unread) {
      const from = underway?.location === location.sipPeerId && reading === 1 ? underway : undefined;
      await readLocation(context, listingOf(location, lastPage), { location, from, warnings });
    }
    const totals = await readTotals(context, locations);
    const staged = await countNumbers(context);
    const shared = await findShared(context);
    const isComplete = ({ sipPeerId: id }: Location) => (staged.get(id) ?? 0) === totals.get(id);
    const incomplete = locations.filter((location) => !isComplete(location));
    unread = locations.filter((location) => !isComplete(location) || shared.has(location.sipPeerId));
    if (unread.length === 0 || (incomplete.length === 0 && reading === maxReadings)) {
      for (const sentence of warnings.sentences()) run.warn(`${numbersByLocation.title}: ${sentence}`);
      return totals;
    }
    const describe = ({ sipPeerId: id }: Location) =>
      `location ${id} lists ${staged.get(id) ?? 0} different numbers, and its total is ${totals.get(id)}`;
    const [first] = incomplete;
    const why = first === undefined ? 'they list the same numbers' : describe(first);
    if (reading === maxReadings) {
      await discardSnapshot(context, numbersByLocation);
      throw new IncompleteListingError(
        `The numbers of ${incomplete.length} of ${locations.length} locations of account ${account} are not complete after ` +
          `${maxReadings} readings: ${why}. No location was changed.`,
        { hint: 'Run it again at a quieter hour. If the figures stay the same, report them to Bandwidth.' },
      );
    }
    log.info(
      `${unread.length} of ${locations.length} locations of account ${account} are read again (reading ${reading} of ${maxReadings}): ${why}`,
    );
    await dropLocations(
      context,
      unread.map(({ sipPeerId }) => sipPeerId),
    );
  }
}

/** A location whose pages were read in part. */
interface Underway {
  location: string;
  page: string;
  pageSize: number | undefined;
  pagesRead: string[];
  fingerprints: string[];
}

/** Starts with an empty staging table, or resumes after the last committed page of an earlier run. */
async function startOrResume(
  context: JobContext,
  locations: readonly Location[],
): Promise<{ done: ReadonlySet<string>; underway: Underway | undefined }> {
  const cursor = await usableCursor(context, numbersByLocation);
  if (cursor === undefined) {
    await startListing(context, numbersByLocation);
    return { done: new Set(), underway: undefined };
  }
  const { account, log } = context;
  log.info(
    `${numbersByLocation.title} of account ${account}: resuming after ${cursor.rowsStaged} rows of an earlier run`,
  );
  const read = new Set(cursor.pagesRead.map((page) => partOf(page)));
  const outdated = await findOutdated(context, locations, read);
  if (outdated.size > 0) await dropLocations(context, [...outdated]);
  const found = underwayIn(cursor);
  const underway = found === undefined || outdated.has(found.location) ? undefined : found;
  return { done: new Set([...read].filter((id) => !outdated.has(id) && id !== underway?.location)), underway };
}

/** The locations that were read and are gone, or are in another sub-account now: staged rows have the earlier one. */
async function findOutdated(
  { account, database }: JobContext,
  locations: readonly Location[],
  read: ReadonlySet<string>,
): Promise<ReadonlySet<string>> {
  const siteOf = new Map(locations.map(({ sipPeerId, siteId }) => [sipPeerId, siteId]));
  const staging = stagingOf({ account }, numbersByLocation).sql;
  const { rows } = await database.pool.query<{ id: string; site: string }>(
    `select distinct sip_peer_id as id, site_id as site from ${staging}`,
  );
  const moved = rows.filter(({ id, site }) => siteOf.get(id) !== site).map(({ id }) => id);
  return new Set([...[...read].filter((id) => !siteOf.has(id)), ...moved]);
}

function underwayIn({ nextPage, pageSize, pagesRead, fingerprints }: Cursor): Underway | undefined {
  if (nextPage === undefined || pagesRead.length === 0) return undefined;
  const location = partOf(nextPage);
  const own = (_: string, index: number) => partOf(pagesRead[index] as string) === location;
  return {
    location,
    page: pageOf(nextPage),
    pageSize,
    pagesRead: pagesRead.filter(own).map(pageOf),
    fingerprints: fingerprints.filter(own),
  };
}

const partOf = (address: string) => address.slice(0, address.lastIndexOf('/'));
const pageOf = (address: string) => address.slice(address.lastIndexOf('/') + 1);

interface Reading {
  location: Location;
  from: Underway | undefined;
  warnings: ValueWarnings;
}

async function readLocation(context: JobContext, listing: SnapshotListing, reading: Reading): Promise<void> {
  try {
    await readPagesOf(context, listing, reading);
  } catch (error) {
    const mayBeLostPage = reading.from !== undefined && isUnknownOrMalformed(error);
    if (!(error instanceof PageSizeChangedError) && !mayBeLostPage) throw error;
    context.log.info(`${error.message}. Reading it again from its first page`);
    await dropLocations(context, [reading.location.sipPeerId]);
    await readPagesOf(context, listing, { ...reading, from: undefined });
  }
}

async function readPagesOf(
  context: JobContext,
  listing: SnapshotListing,
  { location, from, warnings }: Reading,
): Promise<void> {
  const { account, client, log, run, signal } = context;
  const { resource } = listing;
  const addressOf = (page: string) => `${location.sipPeerId}/${page}`;
  const checkEnd = createEndGuard(context, listing, undefined);
  const place = from && {
    cursor: from.page,
    pageSize: from.pageSize,
    visited: from.pagesRead,
    fingerprints: from.fingerprints,
  };
  for await (const page of readPages({ client, resource, account, signal, log, ...(place && { from: place }) })) {
    await checkEnd(page);
    noteWithoutKey(page, listing, warnings);
    const { cursor, next } = page;
    const addressed = { ...page, cursor: addressOf(cursor), next: next === undefined ? undefined : addressOf(next) };
    await commitPage(context, listing, addressed, warnings);
    run.add({ pages: 1, rowsRead: page.items.length });
    if (signal.aborted) throw interrupted(listing, account);
  }
}

async function readTotals(
  { account, client, signal }: JobContext,
  locations: readonly Location[],
): Promise<Map<string, number>> {
  const totals = new Map<string, number>();
  for (const location of locations) {
    const resource = numbersOfLocation(location, 'until short');
    totals.set(location.sipPeerId, await readTotal(client, resource, account, signal));
  }
  return totals;
}

/** Counts the different numbers of each location, after removing rows that repeat one. */
async function countNumbers(context: JobContext): Promise<Map<string, number>> {
  const { account, database, signal } = context;
  const staging = stagingOf(context, numbersByLocation).sql;
  return inTransaction(database, { largeJoin: true, signal, repeatable: true }, async (client) => {
    const { rows } = await client.query<{ id: string; rows: string; numbers: string }>(
      `select sip_peer_id as id, count(*) as rows, count(distinct telephone_number) as numbers from ${staging} group by 1`,
    );
    const counts = new Map(rows.map(({ id, numbers }) => [id, Number(numbers)]));
    if (rows.every(({ rows, numbers }) => rows === numbers)) return counts;
    await client.query(
      `delete from ${staging} as s using (
         select ctid as place, row_number() over (partition by telephone_number, sip_peer_id order by ctid desc) as nth from ${staging}
       ) as numbered where numbered.nth > 1 and s.ctid = numbered.place`,
    );
    const left = [...counts.values()].reduce((sum, numbers) => sum + numbers, 0);
    await setRowsStaged(client, account, numbersByLocation.name, left);
    return counts;
  });
}

/** The locations that list a number which another one lists, too. */
async function findShared({ account, database, signal }: JobContext): Promise<ReadonlySet<string>> {
  const staging = stagingOf({ account }, numbersByLocation).sql;
  const { rows } = await inTransaction(database, { largeJoin: true, signal, repeatable: true }, (client) =>
    client.query<{ id: string }>(
      `select distinct unnest(ids) as id
         from (select array_agg(sip_peer_id) as ids from ${staging} group by telephone_number having count(*) > 1) as shared`,
    ),
  );
  return new Set(rows.map(({ id }) => id));
}

/** Forgets what was read of locations, so that they are read again. */
async function dropLocations(context: JobContext, ids: readonly string[]): Promise<void> {
  await inTransaction(context.database, { repeatable: true }, async (client) => {
    const staging = stagingOf(context, numbersByLocation).sql;
    const { rowCount } = await client.query(`delete from ${staging} where sip_peer_id = any($1)`, [ids]);
    const dropped = { parts: ids, rows: rowCount ?? 0 };
    await forgetParts(client, context.account, numbersByLocation.name, dropped);
  });
}

/** The locations that had no number in the last run. */
async function readEmptyLocations({ account, database }: JobContext): Promise<ReadonlySet<string>> {
  const { rows } = await database.pool.query<{ id: string }>(
    'select sip_peer_id as id from sip_peers where account_id = $1 and removed_at is null and number_count = 0',
    [account],
  );
  return new Set(rows.map(({ id }) => id));
}
