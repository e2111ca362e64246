import { InterruptedError } from '../errors.js';
import type { JobContext } from '../run/job.js';
import { budgetSetting } from '../run/request-budget.js';
import { inFlight } from './in-flight.js';

/** A batch is applied when it has this many rows, or this many items without rows, or is this old. */
const batchRows = 20_000;
const batchItems = 200;
const batchAgeMs = 2000;

/** After this many consecutive items without a response, the API is considered down. */
const failuresInARow = 5;

/** The abort reason when the run's time limit is reached. */
const limitReached = Symbol('TN_LEDGER_NIGHT_LIMIT was reached');

/** The settings that limit how much a run reads. */
export type LimitSetting = 'TN_LEDGER_NIGHT_LIMIT' | typeof budgetSetting;

/** The result of reading something of an order that could not be read. */
export interface FailedReading {
  order: { orderId: string };
  /** Never quotes the response, which may contain personal data. */
  reason: string;
  /** The API gave no usable response. */
  error?: Error;
}

export interface ReadEach<T, R extends object> {
  /** What is read, for messages. */
  title: string;
  items: AsyncIterable<T>;
  /** How many there are. */
  total: number;
  /** The most requests that one takes, without retries. */
  requestsEach: number;
  read(item: T, signal: AbortSignal): Promise<R | FailedReading>;
  /** How many rows a result has. */
  rows(result: R | FailedReading): number;
  /** Applies a batch, and returns how many rows were written. */
  apply(results: readonly (R | FailedReading)[]): Promise<number>;
  /** What could not be read, for the warning: `the details of 3 orders`. */
  describeFailed(orders: string): string;
  /** More sentences for the warnings. */
  sentences(): string[];
  /** Called when a limit is reached before everything was read. */
  onLimit(setting: LimitSetting): Promise<void>;
}

/**
 * Reads things from the API one by one, several at a time, and applies the results in batches. When the run's time limit or its
 * requests are used up, it ends normally, after `onLimit`. Whatever can't be read is reported as a warning.
 *
 * @throws InterruptedError after the current batch, if the run is asked to stop; the errors of `read` and `apply`; the last error
 *   after too many consecutive items without a response
 */
export async function readEach<T, R extends object>(context: JobContext, task: ReadEach<T, R>): Promise<void> {
  const { account, client, log, run, signal } = context;
  const { title, total, requestsEach: each } = task;
  if (total === 0) return;
  const remaining = context.detailsUntil - performance.now();
  if (remaining <= 0) return task.onLimit('TN_LEDGER_NIGHT_LIMIT');
  const { requestsLeft = () => Number.POSITIVE_INFINITY } = context.options;
  const available = requestsLeft();
  if (available < each) return task.onLimit(budgetSetting);
  const most = Math.min(total, available);
  log.info(`${title} of account ${account}: ${most} to read by id`);
  run.expect(run.counts.rowsRead + most);

  const stop = new AbortController();
  const forwardAbort = () => stop.abort(signal.reason);
  if (signal.aborted) forwardAbort();
  signal.addEventListener('abort', forwardAbort, { once: true });
  const timer = setTimeout(() => stop.abort(limitReached), Math.min(remaining, longestTimer));
  const failures = createFailures(task);
  let [isCut, begun, inProgress] = [false, 0, 0];
  /** Whether another one fits, even if the others take as many requests as each may. */
  const hasRoom = () =>
    requestsLeft() > 0 && (each * (begun + 1) <= available || each * (inProgress + 1) <= requestsLeft());
  const onLimit = () => {
    isCut = true;
  };
  try {
    const readings = inFlight(
      whileRoom(task.items, { hasRoom, onLimit }),
      async (item) => {
        begun += 1;
        inProgress += 1;
        try {
          return await task.read(item, stop.signal);
        } finally {
          inProgress -= 1;
        }
      },
      // The client limits concurrent requests. Twice as many are queued so that it never runs idle.
      {
        atOnce: 2 * client.concurrencyFor(account),
        waiting: 2 * batchRows,
        weight: (result) => batchRows / batchItems + task.rows(result),
      },
      (error) => stop.abort(error),
    );
    await applyInBatches(context, task, readings, failures);
    if (isCut) await task.onLimit(budgetSetting);
  } catch (error) {
    if (signal.aborted && error === signal.reason) {
      throw new InterruptedError(
        `Stopped on request while reading ${title} of account ${account} by id. The orders read so far were committed.`,
        { hint: 'Run it again to read the others.' },
      );
    }
    if (error !== limitReached) throw error;
    await task.onLimit('TN_LEDGER_NIGHT_LIMIT');
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', forwardAbort);
    for (const sentence of [...task.sentences(), ...failures.sentences()]) run.warn(`${title}: ${sentence}`);
  }
}

/** The maximum of `setTimeout`, about 24 days. A longer timer fires immediately. */
const longestTimer = 2 ** 31 - 1;

/** Yields items while there is room for another one. */
async function* whileRoom<T>(
  items: AsyncIterable<T>,
  { hasRoom, onLimit }: { hasRoom: () => boolean; onLimit: () => void },
): AsyncGenerator<T> {
  for await (const item of items) {
    if (!hasRoom()) return onLimit();
    yield item;
  }
}

/** Applies results as they arrive. If they end with an error, those already there are still committed. */
async function applyInBatches<T, R extends object>(
  { run }: JobContext,
  task: ReadEach<T, R>,
  readings: AsyncIterable<(R | FailedReading)[]>,
  failures: Failures,
): Promise<void> {
  let batch: (R | FailedReading)[] = [];
  let begun = performance.now();
  const commit = async () => {
    const results = batch;
    batch = [];
    begun = performance.now();
    if (results.length > 0) run.add({ rowsWritten: await task.apply(results) });
  };
  const isDue = () =>
    batch.reduce((sum, result) => sum + batchRows / batchItems + task.rows(result), 0) >= batchRows ||
    performance.now() - begun >= batchAgeMs;
  try {
    for await (const ready of readings) {
      for (const result of ready) failures.note(result);
      batch.push(...ready);
      run.add({ pages: ready.length, rowsRead: ready.length });
      failures.check();
      if (isDue()) await commit();
    }
  } catch (error) {
    await commit();
    throw error;
  }
  await commit();
}

export function isFailed(result: object): result is FailedReading {
  return 'reason' in result;
}

/** Collects what could not be read for the run's warnings. */
interface Failures {
  note(result: object): void;
  /** @throws the last error, after too many consecutive items without a response */
  check(): void;
  sentences(): string[];
}

function createFailures({ describeFailed }: Pick<ReadEach<unknown, object>, 'describeFailed'>): Failures {
  const failed = new Map<string, string[]>();
  let inARow = 0;
  let last: Error | undefined;
  return {
    note(result) {
      if (!isFailed(result)) {
        inARow = 0;
        return;
      }
      const alike = failed.get(result.reason);
      if (alike === undefined) failed.set(result.reason, [result.order.orderId]);
      else alike.push(result.order.orderId);
      inARow = result.error === undefined ? 0 : inARow + 1;
      last = result.error;
    },
    check() {
      if (inARow >= failuresInARow && last !== undefined) throw last;
    },
    sentences: () =>
      [...failed].map(([reason, ids]) => {
        const named = ids.slice(0, maxNamed).map((id) => JSON.stringify(id));
        const more = ids.length > named.length ? ` and ${ids.length - named.length} more` : '';
        const what = describeFailed(ids.length === 1 ? '1 order' : `${ids.length} orders`);
        return `${what} could not be read: ${reason}. The stored data was kept, and the next run tries again: ${named.join(', ')}${more}`;
      }),
  };
}

const maxNamed = 5;
