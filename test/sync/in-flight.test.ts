import { setImmediate as turn } from 'node:timers/promises';
import test from 'ava';
import { inFlight } from '../../src/sync/in-flight.js';

async function* counting(count: number): AsyncGenerator<number> {
  for (let n = 0; n < count; n += 1) yield n;
}

const limits = { atOnce: 3, waiting: 10, weight: () => 1 };

test('work continues while results wait, up to the limit', async (t) => {
  const begun: number[] = [];
  const results = inFlight(
    counting(1000),
    async (n) => begun.push(n),
    limits,
    () => t.fail(),
  );
  t.is((await results.next()).done, false);
  // Long enough for all thousand if there were no limit.
  for (let n = 0; n < 5000; n += 1) await turn();
  t.true(begun.length >= 10 && begun.length <= 10 + 2 * limits.atOnce, String(begun.length));
  let count = 0;
  for await (const ready of results) count += ready.length;
  t.is(begun.length, 1000);
  t.true(count >= 1000 - limits.atOnce);
});

test('results from before a failure are yielded, then the failure is thrown', async (t) => {
  const failed: unknown[] = [];
  const broken = new Error('the sixth is broken');
  const results = inFlight(
    counting(100),
    async (n) => {
      if (n === 5) throw broken;
      return n;
    },
    limits,
    (error) => failed.push(error),
  );
  const seen: number[] = [];
  const error = await t.throwsAsync(async () => {
    for await (const ready of results) seen.push(...ready);
  });
  t.is(error, broken);
  t.deepEqual(failed, [broken]);
  t.deepEqual(seen.slice(0, 5), [0, 1, 2, 3, 4]);
  t.true(seen.length < 10);
});

test('a failing source ends the work, and no work outlives a consumer that stops', async (t) => {
  const source = async function* () {
    yield 1;
    throw new Error('no more orders');
  };
  await t.throwsAsync(
    async () => {
      for await (const _ of inFlight(
        source(),
        async (n) => n,
        limits,
        () => undefined,
      ));
    },
    { message: 'no more orders' },
  );

  let running = 0;
  const stop = new AbortController();
  const work = async () => {
    running += 1;
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
      stop.signal.addEventListener('abort', () => resolve());
    });
    running -= 1;
  };
  for await (const _ of inFlight(counting(100), work, limits, () => stop.abort())) break;
  t.is(running, 0);
});
