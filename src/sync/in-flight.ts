export interface InFlightLimits<R> {
  /** Items that are worked on at once. */
  atOnce: number;
  /** No further item is begun while results of this weight in all wait for the consumer. */
  waiting: number;
  weight: (result: R) => number;
}

/**
 * Works on several items at once and yields their results as they come, all that are there at a time. The work goes on while
 * the consumer is busy, as long as not too much waits for it. A failure ends it once what was done before has been yielded;
 * whoever wants the rest to end with it aborts them by `onFailure`.
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
    // A consumer that leaves early leaves nothing running behind it.
    if (!isFed || busy > 0) fail(new Error('the consumer of the results has left'));
    change();
    await fed;
    while (busy > 0) await changed();
  }
}
