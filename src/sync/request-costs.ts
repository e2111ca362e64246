import { withinWindow } from '../dashboard/date-window.js';
import { isNotOffered } from '../dashboard/errors.js';
import { readFirstPage, readTotal } from '../dashboard/pager.js';
import type { ListResource, OrderDescription, WindowResource } from '../dashboard/resource.js';
import { inserviceNumbers } from '../dashboard/resources/inservice-numbers.js';
import { numberDetails } from '../dashboard/resources/number-details.js';
import { numbersPerPage, sites } from '../dashboard/resources/sites.js';
import { daysBetween, firstDay, today } from '../days.js';
import { formatCount } from '../format.js';
import type { Cost, CostContext } from '../run/job.js';
import { countUnread } from './number-histories/read-histories.js';
import { countOrdersToRead } from './orders-to-read.js';
import { mostRequests } from './read-order.js';
import { readFormat } from './windows/date-filter.js';
import { orderListings } from './windows/order-listing.js';
import { longestWindowDays, overlapDays } from './windows/read-windows.js';
import { readWatermark } from './windows/watermark.js';

// What the jobs that read lists will ask of the API, from what the ledger knows: the size of the lists at their last reading, the days
// since then, and the orders that are open. What is new since then is not known before it is read. For a list that was never read, the
// API is asked for its size, which takes a request.

/** The list of numbers in service: its pages, and its total as the proof. */
export async function inserviceCost(context: CostContext): Promise<Cost> {
  const { count, asked } = await countNumbers(context, `status = 'Inservice'`);
  const pages = pagesOf(count, inserviceNumbers.list);
  return cost(pages + 1, `${asked}${counted(pages, 'page')} of numbers in service, and their total`);
}

/** The details of all numbers. */
export async function detailsCost(context: CostContext): Promise<Cost> {
  const { count, asked } = await countNumbers(context, 'true');
  const pages = pagesOf(count, numberDetails.list);
  return cost(pages, `${asked}${counted(pages, 'page')} of details`);
}

/**
 * The sub-accounts, their locations, and the total and the pages of each location, of which the last one is not full. Of locations that
 * were never read, one per sub-account is assumed.
 */
export async function sitesCost(context: CostContext): Promise<Cost> {
  const { account, client, database, signal } = context;
  const { rows } = await database.pool.query<{ sites: number; peers: number; pages: number }>(
    `select (select count(*) from sites where account_id = $1 and removed_at is null)::integer as sites,
            count(*)::integer as peers, coalesce(sum(number_count / $2 + 1) filter (where number_count > 0), 0)::integer as pages
       from sip_peers where account_id = $1 and removed_at is null`,
    [account, numbersPerPage],
  );
  let { sites: count, peers, pages } = rows[0] as (typeof rows)[number];
  if (count === 0) {
    const list = await readFirstPage({ client, resource: sites.list, account, signal }).catch((error: unknown) => {
      if (!isNotOffered(error)) throw error;
      return undefined;
    });
    if (list === undefined) return cost(1, 'the list of sub-accounts, which the API does not offer');
    count = peers = pages = list.items.length;
  }
  const reason = `the list of sub-accounts, ${counted(count, 'sub-account')}, ${counted(peers, 'location')}, and ${counted(pages, 'page')} of their numbers`;
  return cost(1 + count + peers + pages, reason);
}

/** The lists of orders, and the orders of each that are read by id: those that can be left to the next run if few requests are left. */
export async function ordersCost(context: CostContext, kinds: readonly OrderDescription[]): Promise<Cost> {
  let [lists, orders, requests] = [0, 0, 0];
  for (const kind of kinds) {
    const known = (await countOrdersToRead(context, kind.details, new Set())).all;
    orders += known;
    // Orders that always omit their numbers take every request, unless the list returns them whole.
    requests += known * (kind.details.numbers?.ownRoot === undefined ? 1 : mostRequests(kind.details));
    for (const { name, resource } of orderListings(kind)) {
      const list = await windowsCost(context, name, resource).catch((error: unknown) => {
        if (!kind.optional || !isNotOffered(error)) throw error;
        return { requests: 1, entries: 0 };
      });
      lists += list.requests;
      // A list of whole orders leaves nothing to read by id, except for numbers that are elsewhere.
      if (resource.wholeItem === undefined || kind.details.numbers?.own !== undefined) {
        orders += list.entries;
        requests += list.entries;
      }
    }
  }
  const each = requests > orders ? `, with up to ${formatCount(requests)} requests` : '';
  const reason = `${counted(lists, 'page')} of lists${orders === 0 ? '' : `, and ${counted(orders, 'order')} to read by id${each}`}`;
  return { requests: lists + requests, least: lists, reason };
}

/** A list of numbers that is read by date windows. */
export async function windowedCost(context: CostContext, name: string, resource: WindowResource): Promise<Cost> {
  const { requests } = await windowsCost(context, name, resource);
  return cost(requests, counted(requests, 'page'));
}

/** The histories of numbers with unexplained moves, as far as a run reads them. The next run can read all of them as well. */
export async function historiesCost(context: CostContext): Promise<Cost> {
  const { numberHistoriesPerNight: limit } = context.options;
  const unread = await countUnread(context);
  const requests = Math.min(unread, limit);
  const later = unread > limit ? `, and ${formatCount(unread - limit)} left for later runs` : '';
  return {
    requests,
    least: 0,
    reason: `${counted(requests, 'history', 'histories')} of numbers that moved without a known order${later}`,
  };
}

/**
 * The first run of a list looks for its first entry year by year, and then reads a window per year: this many requests for an account
 * of eight years.
 */
const requestsForYears = 20;
/** The first run finds that a list is empty with this many, apart from those for its date format and its page. */
const requestsForEmptiness = 2;

const cost = (requests: number, reason: string): Cost => ({ requests, least: requests, reason });
const counted = (count: number, what: string, many = `${what}s`) =>
  `${formatCount(count)} ${count === 1 ? what : many}`;
const pagesOf = (entries: number, { pageSize }: ListResource) =>
  Math.max(1, pageSize === undefined ? 0 : Math.ceil(entries / pageSize));

/** The requests for a list since its watermark, a page per window; of a list that was never read, all its pages and entries. */
async function windowsCost(
  context: CostContext,
  name: string,
  resource: WindowResource,
): Promise<{ requests: number; entries: number }> {
  const mark = await readWatermark(context.database.pool, context, name);
  // The date format of an empty list can't be proved, so that each run asks for an entry first.
  const proof = (await readFormat(context, name))?.isProved ? 0 : 1;
  if (mark === undefined) {
    const entries = await readSize(context, resource);
    return {
      requests: pagesOf(entries, resource) + (entries === 0 ? requestsForEmptiness : requestsForYears) + proof,
      entries,
    };
  }
  const days = Math.max(0, daysBetween(mark.readTo, today(context))) + overlapDays;
  return { requests: Math.ceil(days / longestWindowDays) + proof, entries: 0 };
}

/** The account's numbers in the ledger, or, if it has none yet, in service according to the API. */
async function countNumbers(context: CostContext, condition: string): Promise<{ count: number; asked: string }> {
  const { rows } = await context.database.pool.query<{ count: number }>(
    `select count(*)::integer as count from telephone_numbers
      where account_id = $1 and removed_at is null and ${condition}`,
    [context.account],
  );
  const count = rows[0]?.count ?? 0;
  if (count > 0) return { count, asked: '' };
  const total = await readTotal(context.client, inserviceNumbers.list, context.account, context.signal);
  return { count: total, asked: 'first run: ' };
}

/** How many entries a list has, according to a page with one entry. Without dates, most lists leave out what is older than two years. */
async function readSize(context: CostContext, resource: WindowResource): Promise<number> {
  const { account, client, signal } = context;
  const window = { from: firstDay, to: today(context) };
  const page = await readFirstPage({ client, resource: withinWindow(resource, window), account, pageSize: 1, signal });
  return page.totalCount ?? page.items.length;
}
