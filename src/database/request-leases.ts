import { randomUUID } from 'node:crypto';
import { LedgerError } from '../errors.js';
import type { Lease, Permits } from '../permits.js';
import { backoffMs, sleep } from '../retry.js';
import { type Database, toLedgerError } from './connect.js';

/**
 * The API counts requests when they arrive. A request that was slow to arrive (a new connection, a lost packet) lands
 * closer to those that are sent a minute later. A window of 61 s absorbs a second of that.
 */
const defaultWindowMs = 61_000;

/**
 * The shortest time for which permits are usable after they were asked for. They count that much longer, so a short
 * time wastes less of the rate limit: with 250 ms, 98% of it can be used.
 */
const leastUsableMs = 250;

/** Permits stay usable for this many times as long as the database took to grant the previous ones. */
const latencyFactor = 3;

/** How fast that time becomes shorter again when the database is no longer slow. */
const decay = 0.9;

/** A lost connection is replaced. Asking again is harmless: at worst it wastes permits. */
const policy = { tries: 3, totalMs: Number.POSITIVE_INFINITY, baseMs: 500, capMs: 2000 };

/**
 * Creates the permits that all processes with the same database share; see `lease_requests` in
 * migrations/repeatable/request-leases.sql.
 *
 * @param open opens the database, which happens with the first request
 * @param windowMs replaces the minute in which the rate limit applies; for tests
 */
export function createRequestLeases(
  open: () => Promise<Pick<Database, 'permitPool' | 'describe'>>,
  windowMs = defaultWindowMs,
): Permits {
  const processId = randomUUID();
  let usableMs = leastUsableMs;

  async function withRetries<T>(
    account: string,
    signal: AbortSignal,
    ask: (pool: Database['permitPool']) => Promise<T>,
  ): Promise<T> {
    const database = await open();
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask(database.permitPool);
      } catch (error) {
        if (tries < policy.tries) {
          await sleep(backoffMs(policy, tries), signal);
          continue;
        }
        const { message, hint } = toLedgerError(error, database.describe);
        throw new LedgerError(
          `A request of account ${account} was not sent, because its rate limit is kept in the database. ${message}`,
          { ...(hint !== undefined && { hint }), cause: error },
        );
      }
    }
  }

  return {
    lease({ account, requestsPerMinute, needed, inAdvance, signal }) {
      return withRetries(account, signal, async (pool): Promise<Lease> => {
        // Before the question is sent: the server grants the permits later than that.
        const askedAt = performance.now();
        const usableUntil = askedAt + usableMs;
        const { rows } = await pool.query<{ granted: number; wait_ms: number }>({
          name: 'lease_requests',
          text: 'select granted, wait_ms from tn_ledger.lease_requests($1, $2, $3, $4, $5, $6)',
          values: [account, processId, needed, inAdvance, requestsPerMinute, windowMs + usableMs],
        });
        const { granted, wait_ms } = rows[0] as (typeof rows)[number];
        const latencyMs = performance.now() - askedAt;
        usableMs = Math.max(leastUsableMs, latencyFactor * latencyMs, decay * usableMs);
        return { permits: granted, usableUntil, waitMs: wait_ms };
      });
    },
    async pause(account, waitMs, signal) {
      await withRetries(account, signal, (pool) =>
        pool.query('select tn_ledger.pause_requests($1, $2)', [account, waitMs]),
      );
    },
  };
}
