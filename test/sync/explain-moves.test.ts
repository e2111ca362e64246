import test from 'ava';
import type { NumberEvent } from '../../src/dashboard/single-number.js';
import { explanationOf, type Move } from '../../src/sync/number-histories/explain.js';

const account = '9900000';

function event(at: string | undefined, status: string, accountId = account): NumberEvent {
  const none = { orderCreateDate: undefined, orderType: undefined, orderStatus: undefined, userId: undefined };
  return { accountId, at, status, orderId: `${status} ${at}`, other: [], ...none };
}

const move = (kind: Move['kind'], at: string, after: string | null = null): Move => ({
  kind,
  at: new Date(at),
  after: after === null ? null : new Date(after),
});

const stays = [
  event('2026-01-01T00:00:00Z', 'Available', '753'),
  event('2026-02-01T00:00:00Z', 'Inservice'),
  event('2026-02-15T00:00:00Z', 'Inservice'),
  event('2026-03-01T00:00:00Z', 'Aging'),
  event('2026-04-01T00:00:00Z', 'Available', '753'),
  event('2026-05-01T00:00:00Z', 'InAccount'),
  event('2026-06-01T00:00:00Z', 'Inservice', '14'),
];

test('an arrival is explained by the event that brought the number to the account', (t) => {
  t.is(explanationOf(move('arrival', '2026-02-20'), stays, account), stays[1]);
  t.is(explanationOf(move('arrival', '2026-05-10', '2026-03-02'), stays, account), stays[5]);
});

test('a departure is explained by the event that took the number away, also to another account', (t) => {
  t.is(explanationOf(move('departure', '2026-03-05', '2026-02-01'), stays, account), stays[3]);
  t.is(explanationOf(move('departure', '2026-06-02', '2026-05-01'), stays, account), stays[6]);
});

test('events of another time, of another account or without a date explain nothing', (t) => {
  t.is(explanationOf(move('arrival', '2026-01-30'), stays, account), undefined);
  t.is(explanationOf(move('arrival', '2026-02-20'), stays, '9900001'), undefined);
  t.is(explanationOf(move('departure', '2026-02-20', '2026-02-01'), stays, account), undefined);
  t.is(explanationOf(move('arrival', '2026-02-20'), [event(undefined, 'Inservice')], account), undefined);
});
