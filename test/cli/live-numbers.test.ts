import test, { type ExecutionContext } from 'ava';
import { openLiveNumbers } from '../../src/cli/live-numbers.js';
import type { ApiSession } from '../../src/cli/session.js';
import { loadConfig } from '../../src/config.js';
import { clientFor, serve } from '../dashboard/support.js';

/** A session of the accounts 1 and 2 whose client gets no answers, and what it logs. */
async function openSession(t: ExecutionContext): Promise<{ session: ApiSession; logged: string[] }> {
  const server = await serve(t, (_request, response) => response.destroy());
  const { client } = clientFor(t, server);
  const env = { BANDWIDTH_ACCOUNT_ID: '1,2', BANDWIDTH_CLIENT_ID: 'a', BANDWIDTH_CLIENT_SECRET: 'b' };
  const config = loadConfig({ env, cwd: '/', needsApi: true });
  const logged: string[] = [];
  const session = {
    config,
    log: { info: (text: string) => void logged.push(text) },
    signal: new AbortController().signal,
    accounts: async () => config.accounts,
    client: async () => client,
  } as unknown as ApiSession;
  return { session, logged };
}

test('numbers that take longer than a minute are announced with their requests and time', async (t) => {
  const { session, logged } = await openSession(t);
  await openLiveNumbers(session, 30, undefined);
  t.deepEqual(logged, []);
  await openLiveNumbers(session, 350, undefined);
  t.deepEqual(logged, [
    "Reading 350 numbers from the API: about 1,050 requests (3 per number, more for numbers that the API doesn't know), at least 10 min 0 s at 100 requests per minute",
  ]);
});

test('accounts without credentials are an error that names those that have them', async (t) => {
  const { session } = await openSession(t);
  const error = await t.throwsAsync(openLiveNumbers(session, 1, ['3']));
  t.is(error?.message, 'tn-ledger number --live has no credentials for account 3 (configured: 1, 2).');
});
