import test from 'ava';
import { formatNights } from '../../src/cli/format-nights.js';
import type { NightState } from '../../src/schedule/read-nights.js';

test('an account that is tried again is shown with what it waits for, when, and why', (t) => {
  const state = {
    ...{ account_id: '1', state: 'waiting', attempts: 2, host: null, since: null, age_seconds: null, pages: null },
    ...{ next_attempt_at: new Date('2026-11-29T07:10Z'), wait_seconds: 90, waits_for: 'the API' },
    ...{ error: 'GET /tns: 503', hint: null, unrecorded_cause: null, failed_at: null },
  } satisfies NightState;
  const stopped = { ...state, account_id: '2', waits_for: null, wait_seconds: 0, error: null };
  const night = { night: new Date('2026-11-29T07:00Z'), origin: 'schedule', accounts: [state, stopped] } as const;
  const config = { timezone: 'UTC', accountSettings: new Map() };
  t.deepEqual(
    formatNights([{ ...night, accounts: [...night.accounts] }], config, (text) => text),
    [
      '',
      'Nightly run of 2026-11-29 07:00 UTC (2026-11-29 07:00 UTC): 2 waiting',
      '  1 waits for the API; attempt 3 starts in 1 min 30 s, at 2026-11-29 07:10 UTC: GET /tns: 503',
      '  2 waits; attempt 3 starts now',
    ],
  );
});
