export interface InFlightLimits<R> {
  /** Items processed concurrently. */
  atOnce: number;
  /** No new item starts while the results waiting for the consumer have this total weight. */
  waiting: number;
  weight: (result: R) => number;
}

/**
 * Processes items concurrently and yields results as they arrive, in batches of all that are ready. Work continues while the
 * consumer is busy, up to the limit of waiting results. A failure is thrown after the results that precede it have been yielded;
 * `onFailure` lets the caller abort the remaining work.
 *
 * Not p-map's `pMapIterable`: it yields in the order of the items, so one order that is retried for minutes would block the
 * others; it limits results by count, although an order has between one and thousands of telephone numbers; and it leaves work
 * running when the consumer stops early.
 */
export async function* inFlight<T, R>(
  items: AsyncIterable<T>,
  work: (item: T) => Promise<R>,
  limits: InFlightLimits<R>,
  onFailure: (error: unknown) => void,
): AsyncGenerator<R[], void, undefined> {
  let results: R[] = [];
  let weight = 0;
  let busy = 0;
  let isFed = false;
  let failure: { error: unknown } | undefined;
  let wake: (() => void)[] = [];
  const changed = () => new Promise<void>((resolve) => wake.push(resolve));
  const change = () => {
    const waiting = wake;
    wake = [];
    for (const resolve of waiting) resolve();
  };
  const fail = (error: unknown) => {
    if (failure !== undefined) return;
    failure = { error };
    onFailure(error);
  };

  const begin = async (item: T) => {
    busy += 1;
    try {
      const result = await work(item);
      results.push(result);
      weight += limits.weight(result);
    } catch (error) {
      fail(error);
    } finally {
      busy -= 1;
      change();
    }
  };
  const feed = async () => {
    try {
      for await (const item of items) {
        while (failure === undefined && (busy >= limits.atOnce || weight >= limits.waiting)) await changed();
        if (failure !== undefined) break;
        void begin(item);
      }
    } catch (error) {
      fail(error);
    } finally {
      isFed = true;
      change();
    }
  };

  const fed = feed();
  try {
    for (;;) {
      if (results.length > 0) {
        const ready = results;
        results = [];
        weight = 0;
        change();
        yield ready;
      } else if (isFed && busy === 0) break;
      else await changed();
    }
    if (failure !== undefined) throw failure.error;
  } finally {
    // No work keeps running when the consumer stops early.
    if (!isFed || busy > 0) fail(new Error('the consumer stopped reading results'));
    change();
    await fed;
    while (busy > 0) await changed();
  }
}
