import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { printDuration } from '../format.js';

/** The connection that holds all session-level advisory locks of this process. */
export interface LockConnection {
  /**
   * Takes an advisory lock. Opens the connection for the first lock and returns it to the pool after the last.
   *
   * @returns undefined if another session, or another caller in this process, holds the lock
   */
  take(key: string): Promise<HeldLock | undefined>;
}

export interface HeldLock {
  /** Aborted with the connection's error when the connection is lost: another process may hold the lock by now. */
  lost: AbortSignal;
  /** Key of an exclusive lock that the same session holds: when anyone else can take it, the session has ended. */
  sessionKey: string;
  /** Treats the connection as lost. */
  lose(reason: Error): void;
  /** Loses the connection if the server hasn't answered for so long that it may have given the lock away. */
  checkAge(): void;
  release(): Promise<void>;
}

/** All in milliseconds. */
export interface LockTimings {
  /** How often the session sends a query while it holds locks. */
  pingMs: number;
  /** A query that isn't answered for this long counts as a lost connection. */
  answerMs: number;
  /** The server ends the session, and frees its locks, after this long without a query. */
  idleMs: number;
}

/**
 * A process that is frozen, cut off, or on a host without power loses its locks in less than a minute. TCP alone would
 * not notice the first, nor any of them behind a pooler such as PgBouncer, which keeps its own connection to the server
 * alive. This side gives up first: it stops after at most 30 s without an answer, and the server waits for 45 s.
 */
export const defaultLockTimings: LockTimings = { pingMs: 10_000, answerMs: 20_000, idleMs: 45_000 };

/** A connection that holds locks, or is about to. */
interface Session {
  client: Promise<pg.PoolClient>;
  key: string;
  lost: AbortController;
  /** Callers that hold or are taking a lock. The last one to leave ends the session. */
  users: number;
  /** The latest query: queries run one after the other, because the driver's queue is deprecated. */
  last: Promise<unknown>;
  /** Queries sent or waiting to be sent. */
  pending: number;
  /** When the latest answered query was sent, on the monotonic clock: the server counts its idle time from then or later. */
  confirmedAt: number;
  /** An unlock failed, so the server still holds a lock that nobody here does. Ending the connection releases it. */
  isSpoiled: boolean;
  pings: NodeJS.Timeout;
  onLost: (error: Error) => void;
}

/**
 * @param onUnanswered called when the server doesn't answer, so that nothing else waits for its answers: without it,
 *   the system gives up after a quarter of an hour
 */
export function createLockConnection(
  pool: pg.Pool,
  onUnanswered: () => void,
  timings: LockTimings = defaultLockTimings,
): LockConnection {
  // A session may take the same lock twice, so the server wouldn't keep callers in this process apart.
  const keys = new Set<string>();
  let current: Session | undefined;

  /** Runs a query after the session's earlier ones, and gives the connection up if the answer takes too long. */
  const ask = (session: Session, sql: string): Promise<{ taken?: boolean }[]> => {
    session.pending += 1;
    const answer = session.last
      .catch(() => undefined)
      .then(async () => {
        const client = await session.client;
        const sentAt = performance.now();
        let isAnswered = false;
        const giveUp = () => {
          if (isAnswered) return;
          session.onLost(unanswered(performance.now() - sentAt));
          onUnanswered();
        };
        // A process that was stopped runs its timers before it reads what arrived meanwhile: let it read first.
        const timer = setTimeout(() => setImmediate(giveUp), timings.answerMs).unref();
        try {
          const results = await client.query<{ taken?: boolean }>(sql);
          session.confirmedAt = sentAt;
          return lastResult(results).rows;
        } finally {
          isAnswered = true;
          clearTimeout(timer);
        }
      })
      .finally(() => {
        session.pending -= 1;
      });
    session.last = answer;
    // The caller sees a failure; the next query must not.
    answer.catch(() => undefined);
    return answer;
  };

  const open = (): Session => {
    const client = pool.connect();
    const session: Session = {
      ...{ client, key: `tn-ledger/session/${randomUUID()}`, lost: new AbortController(), users: 0, last: client },
      ...{ pending: 0, confirmedAt: performance.now(), isSpoiled: false },
      pings: setInterval(() => {
        // A query that is still unanswered does as well.
        if (session.pending === 0) ask(session, 'select').catch(() => undefined);
      }, timings.pingMs),
      onLost: (error) => {
        if (current === session) current = undefined;
        clearInterval(session.pings);
        session.lost.abort(error);
      },
    };
    session.pings.unref();
    client.then((connected) => connected.on('error', session.onLost), session.onLost);
    // Set with SET, like all settings of a session.
    const start = `set idle_session_timeout = ${timings.idleMs}; select pg_advisory_lock(${keySql(session.key)})`;
    ask(session, start).catch(session.onLost);
    return session;
  };

  const leave = async (session: Session): Promise<void> => {
    session.users -= 1;
    if (session.users > 0) return;
    if (current === session) current = undefined;
    clearInterval(session.pings);
    const client = await session.client.catch(() => undefined);
    if (client === undefined) return;
    if (!session.lost.signal.aborted && !session.isSpoiled) {
      await ask(session, 'select pg_advisory_unlock_all(); set idle_session_timeout = 0').catch(() => {
        session.isSpoiled = true;
      });
    }
    const isUnusable = session.lost.signal.aborted || session.isSpoiled;
    // A broken connection keeps its listener, so that later errors don't end the process.
    if (!isUnusable) client.off('error', session.onLost);
    client.release(isUnusable);
  };

  return {
    async take(key) {
      if (keys.has(key)) return undefined;
      keys.add(key);
      current ??= open();
      const session = current;
      session.users += 1;
      const end = async () => {
        await leave(session);
        keys.delete(key);
      };
      try {
        const rows = await ask(session, `select pg_try_advisory_lock(${keySql(key)}) as taken`);
        if (!rows[0]?.taken) {
          await end();
          return undefined;
        }
      } catch (error) {
        await end();
        throw error;
      }
      return {
        lost: session.lost.signal,
        sessionKey: session.key,
        lose: session.onLost,
        checkAge() {
          const ageMs = performance.now() - session.confirmedAt;
          if (ageMs > timings.pingMs + timings.answerMs) session.onLost(unanswered(ageMs));
        },
        async release() {
          if (!session.lost.signal.aborted) {
            await ask(session, `select pg_advisory_unlock(${keySql(key)})`).catch(() => {
              session.isSpoiled = true;
              if (current === session) current = undefined;
            });
          }
          await end();
        },
      };
    },
  };
}

/** SQL: the 64-bit key of an advisory lock. */
export function keySql(key: string): string {
  return `hashtextextended(${pg.escapeLiteral(key)}, 0)`;
}

function unanswered(ms: number): Error {
  return new Error(`the server has not answered for ${printDuration(Math.round(ms))}`);
}

/** The result of the last of several statements, for which the driver's types know no array. */
export function lastResult<R extends pg.QueryResultRow>(results: pg.QueryResult<R>): pg.QueryResult<R> {
  return [results].flat().at(-1) as pg.QueryResult<R>;
}
