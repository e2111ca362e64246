import { ApiError, BrokenBodyError, isNotOffered, UnavailableError } from '../../dashboard/errors.js';
import { parseTrail } from '../../dashboard/order-trails.js';
import { parseXml } from '../../dashboard/xml.js';
import { change } from '../../database/transaction.js';
import { currentTime } from '../../days.js';
import { formatCount } from '../../format.js';
import type { Cost, CostContext, JobContext } from '../../run/job.js';
import { notRead } from '../not-offered.js';
import { type FailedReading, isFailed, readEach } from '../read-each.js';
import { refusal } from '../read-order.js';
import { collectWarnings } from '../value-warnings.js';
import { applyTrails, type TrailReading } from './apply-trails.js';
import { countDue, type DueOrder, readDue, recordDue } from './due.js';
import { standardSentences } from './texts.js';
import { documents, type Trail } from './trails.js';

/** Nothing was requested: the API doesn't offer this history, or these notes, to the credentials. */
interface NotOffered {
  order: DueOrder;
  isOffered: false;
}

/** A request for each history, and for the notes, of an order that is open or newly closed. The next run can read any of them. */
export async function orderHistoryCost(context: CostContext): Promise<Cost> {
  const requests = await countDue(context);
  const what = context.keepNotes ? 'histories and notes' : 'histories';
  return { requests, least: 0, reason: `${formatCount(requests)} ${what} of orders that are open or newly closed` };
}

/**
 * Reads what happened to orders that are open or newly closed, and their notes if these are kept. Commits in batches. What exceeds
 * the run's limits comes first in the next run.
 *
 * @throws the errors of `readEach`
 */
export async function readOrderHistory(context: JobContext): Promise<void> {
  if (!context.keepNotes) await removeFreeTexts(context);
  const due = await readDue(context);
  const now = currentTime(context);
  const warnings = collectWarnings();
  const refused = new Set<Trail>();
  let missing = 0;
  await readEach<DueOrder, TrailReading | NotOffered>(context, {
    title: context.keepNotes ? 'order histories and notes' : 'order histories',
    items: offered(due, refused),
    total: due.length,
    requestsEach: 1,
    read: (order, signal) => readTrail(context, order, { refused, signal }),
    rows: (reading) => ('entries' in reading ? reading.entries.length : 0),
    async apply(readings) {
      const read = readings.filter((reading) => 'entries' in reading);
      const failed = readings.filter(isFailed) as (FailedReading & { order: DueOrder })[];
      const outcome = await applyTrails(context, { read, failed }, { now, warnings });
      missing += outcome.missing;
      return outcome.written;
    },
    describeFailed: (orders) => `the history${context.keepNotes ? ' or the notes' : ''} of ${orders}`,
    sentences: () => [
      ...warnings.sentences(),
      ...(missing === 0
        ? []
        : [
            `${missing === 1 ? '1 entry is' : `${formatCount(missing)} entries are`} no longer listed by Bandwidth, and kept with missing_since`,
          ]),
    ],
    async onLimit(setting) {
      await recordDue(context);
      const left = await countDue(context);
      context.run.warn(
        `Order histories: ${setting} was reached; ${formatCount(left)} were not read. The next run begins with those.`,
      );
    },
  });
}

async function* offered(due: readonly DueOrder[], refused: ReadonlySet<Trail>): AsyncGenerator<DueOrder> {
  for (const order of due) if (!refused.has(order.trail)) yield order;
}

/**
 * Reads one history, or the notes of an order. An order without any gets 204 or 404: histories exist only for orders that changed
 * more than once. If the credentials lack the role, warns once, and the others of the trail aren't requested.
 */
async function readTrail(
  { account, client, run }: JobContext,
  order: DueOrder,
  { refused, signal }: { refused: Set<Trail>; signal: AbortSignal },
): Promise<TrailReading | NotOffered | FailedReading> {
  const { trail, orderId } = order;
  if (refused.has(trail)) return { order, isOffered: false };
  if (orderId === '.' || orderId === '..') return { order, reason: 'its id cannot be part of a URL' };
  try {
    const entries = await client.get({
      account,
      path: trail.path(account, orderId),
      accept: [200, 204, 404],
      parse({ status, text }) {
        if (status === 200) return parseTrail(text, documents[trail.part]);
        // A 404 that isn't XML doesn't come from the API.
        if (text.trim() !== '') parseXml(text);
        return [];
      },
      signal,
    });
    if (entries === 'unsupported') return { order, result: 'unsupported', entries: [] };
    return { order, result: entries.length === 0 ? 'none' : 'listed', entries };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (isNotOffered(error)) {
      if (!refused.has(trail)) run.warn(notRead(`The ${trail.title}`, error));
      refused.add(trail);
      return { order, isOffered: false };
    }
    // A 403 that states a reason is about the account.
    if (error instanceof ApiError && error.status !== 403) return { order, reason: `the API ${refusal(error)}` };
    if (error instanceof BrokenBodyError) return { order, reason: 'the API returned unusable responses', error };
    if (error instanceof UnavailableError)
      return { order, reason: 'the API did not respond, even after retries', error };
    throw error;
  }
}

/** Removes what was stored while `TN_LEDGER_KEEP_NOTES` was 1: notes, and free texts in histories. */
async function removeFreeTexts({ account, database, log, run }: JobContext): Promise<void> {
  const notes = await change(
    database,
    `with removed as (delete from order_notes where account_id = $1 returning order_kind, order_id),
     reads as (
       delete from order_history_reads r using (select distinct order_kind, order_id from removed) as o
        where r.account_id = $1 and r.order_kind = o.order_kind and r.order_id = o.order_id and r.part = 'notes'
     )
     select from removed`,
    [account],
  );
  const events = await change(
    database,
    `update order_history
        set note = case when regexp_replace(lower(note), '\\s+', ' ', 'g') = any ($2) then note end,
            difference = null, free_text = 'left out'
      where account_id = $1 and free_text = 'kept'`,
    [account, standardSentences],
  );
  const [removed, cleared] = [notes.rowCount ?? 0, events.rowCount ?? 0];
  if (removed + cleared === 0) return;
  run.add({ rowsWritten: removed + cleared });
  log.info(
    `TN_LEDGER_KEEP_NOTES is not 1: deleted ${formatCount(removed)} notes and the texts of ${formatCount(cleared)} events of account ${account}`,
  );
}
