import { setTimeout as delay } from 'node:timers/promises';
import type { Ledger } from './ledger.js';

/** Waits until a condition is true. The test's own time limit applies. */
export async function until<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await delay(10);
  }
}

async function blockedProcess(ledger: Pick<Ledger, 'query'>): Promise<number | undefined> {
  const [row] = await ledger.query<{ pid: number }>(
    `select pid from pg_stat_activity
      where datname = current_database() and wait_event_type = 'Lock' and wait_event = 'relation'`,
  );
  return row?.pid;
}

/** Waits until a statement of the ledger waits for a lock on a table; returns its backend's process id. */
export function waitForBlocked(ledger: Pick<Ledger, 'query'>): Promise<number> {
  return until(() => blockedProcess(ledger));
}

/** The same for a run that may end first; returns whether a statement waits. */
export function isEverBlocked(ledger: Pick<Ledger, 'query'>, run: Promise<unknown>): Promise<boolean> {
  let isOver = false;
  void run.then(() => {
    isOver = true;
  });
  return until(async () => {
    if ((await blockedProcess(ledger)) !== undefined) return true;
    return isOver ? false : undefined;
  });
}

/** Waits until the server has no connection of the program, after its process was killed. */
export async function waitForGone(ledger: Pick<Ledger, 'query'>): Promise<void> {
  await until(async () => {
    const rows = await ledger.query(
      `select 1 from pg_stat_activity where datname = current_database() and application_name = 'tn-ledger'`,
    );
    return rows.length === 0 ? true : undefined;
  });
}
