import type pg from 'pg';
import { exitStatus } from '../errors.js';
import { formatCount } from '../format.js';
import type { Log } from '../log.js';
import type { Redact } from '../redact.js';
import type { NightStates } from '../schedule/read-nights.js';
import { formatInZone } from '../wall-clock.js';
import { describeSendFailure, post } from './channels.js';
import type { Names } from './message.js';

/** A ping about a planned night. */
export interface NightPing {
  /** Its key in `alerts`: each is sent once over all hosts. */
  cause: string;
  /** `start`, or the exit status that `tn-ledger run nightly` would have. */
  path: string;
  body: string;
}

/** How many accounts the summary of a night names. */
const mostListed = 50;
/** Older nights are not pinged, in milliseconds: the setting is new, or no night was planned since. */
const oldestMs = 7 * 86_400_000;

/**
 * The pings of planned nights: one pair per night over all hosts and accounts. It starts with the first account and
 * ends when no account is waiting or running any more.
 */
export function nightPings(
  nights: readonly NightStates[],
  now: Date,
  { titleOf, timezone }: Names & { timezone: string },
): NightPing[] {
  return nights.toReversed().flatMap(({ night, accounts }) => {
    if (accounts.every(({ attempts }) => attempts === 0) || now.getTime() - night.getTime() > oldestMs) return [];
    const title = `Nightly run of ${formatInZone(night, timezone)}`;
    const key = night.toISOString();
    const start = { cause: `ping start ${key}`, path: 'start', body: title };
    if (accounts.some(({ state }) => state === 'waiting' || state === 'running')) return [start];
    const unfinished = accounts.filter(({ state }) => state !== 'done');
    const lines = unfinished
      .slice(0, mostListed)
      .map(
        ({ account_id: account, state, error }) => `${titleOf(account)} ${state}${error === null ? '' : `: ${error}`}`,
      );
    if (unfinished.length > mostListed) lines.push(`and ${formatCount(unfinished.length - mostListed)} more`);
    const done = `${title}: ${formatCount(accounts.length - unfinished.length)} of ${formatCount(accounts.length)} accounts done`;
    const status = unfinished.length === 0 ? exitStatus.done : exitStatus.failed;
    return [start, { cause: `ping end ${key}`, path: String(status), body: [done, ...lines].join('\n') }];
  });
}

/** The nights that still need the ping of their end, in ISO 8601: the next night may have been planned, or replaced them. */
export async function readUnendedNights(client: pg.ClientBase): Promise<string[]> {
  const { rows } = await client.query<{ night: string }>(
    `select night from alerts
      cross join lateral (select substring(cause from '^ping start (.+)$') as night) as started
      where channel = 'ping' and night is not null and not exists (
        select from alerts ended where ended.channel = 'ping' and ended.cause = 'ping end ' || night and ended.alerted_at is not null)`,
  );
  return rows.map(({ night }) => night);
}

/**
 * Pings `<url>/<path>`, by the convention of https://healthchecks.io/docs/http_api/. A failure is a warning.
 *
 * @returns whether the ping was accepted
 */
export async function sendPing(
  url: string,
  path: string,
  body: string,
  { log, redact }: { log: Pick<Log, 'warn'>; redact: Redact },
): Promise<boolean> {
  try {
    const { origin, pathname, search } = new URL(url);
    await post(`${origin}${pathname.replace(/\/+$/, '')}/${path}${search}`, redact(body), 'text/plain; charset=utf-8');
    return true;
  } catch (error) {
    log.warn(`The ping /${path} to TN_LEDGER_PING_URL could not be sent: ${redact(describeSendFailure(error))}`);
    return false;
  }
}
