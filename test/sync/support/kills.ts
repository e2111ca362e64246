import type { ExecutionContext } from 'ava';
import { cli, makeFolder, startCli } from '../../end-to-end/support.js';
import type { Ledger } from './ledger.js';
import { isEverBlocked, waitForGone } from './moments.js';

/** Where a run is killed. */
export type Moment =
  /** When its n-th request arrives, before the response or right after it. */
  | { request: number; answered: boolean }
  /** When a statement of the comparing transaction first needs this table. */
  | { table: string };

/** Pseudo-random numbers below a bound, from a seed. */
export function randomFrom(seed: number): (bound: number) => number {
  let state = seed >>> 0;
  return (bound) => {
    // mulberry32
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) % bound;
  };
}

/** Runs `tn-ledger run nightly` as a process and kills it (SIGKILL) at the given moment; false if it succeeded before that. */
export function killNightly(t: ExecutionContext, ledger: Ledger, moment: Moment): Promise<boolean> {
  return killRun(t, ledger, moment, ['run', 'nightly']);
}

/** The same for any command. If it ends before the moment, it must exit with one of the statuses. */
export async function killRun(
  t: ExecutionContext,
  ledger: Ledger,
  moment: Moment,
  args: readonly string[],
  statuses: readonly number[] = [0],
): Promise<boolean> {
  const cwd = await makeFolder(t);
  const env = { ...ledger.env, TN_LEDGER_DATA_DIR: `${cwd}/data` };
  if ('request' in moment) {
    let count = 0;
    let kill = () => {};
    const killed = new Promise<void>((resolve) => {
      kill = resolve;
    });
    ledger.proxy.onRequest = () => {
      count += 1;
      if (count === moment.request) kill();
      // No response: the request is held until the process is gone.
      return count === moment.request && !moment.answered ? gone : undefined;
    };
    const { child, result } = startCli(t, args, { cwd, env });
    const gone = result.then(() => undefined);
    void killed.then(() => child.kill('SIGKILL'));
    const { status, output } = await result;
    ledger.proxy.onRequest = () => undefined;
    await waitForGone(ledger);
    if (child.signalCode === 'SIGKILL') return true;
    t.true(status !== null && statuses.includes(status), output);
    return false;
  }
  const blocker = await ledger.database.pool.connect();
  try {
    await blocker.query('begin');
    await blocker.query(`lock table ${moment.table} in share mode`);
    const { child, result } = startCli(t, args, { cwd, env });
    // A run without changes may not need the table.
    const isBlocked = await isEverBlocked(ledger, result);
    if (isBlocked) child.kill('SIGKILL');
    const { status, output } = await result;
    if (isBlocked) t.is(child.signalCode, 'SIGKILL', output);
    else t.true(status !== null && statuses.includes(status), output);
    return isBlocked;
  } finally {
    await blocker.query('rollback');
    blocker.release();
    await waitForGone(ledger);
  }
}

/** Runs the nightly run to its end. */
export async function finishNightly(t: ExecutionContext, ledger: Ledger): Promise<void> {
  const cwd = await makeFolder(t);
  const env = { ...ledger.env, TN_LEDGER_DATA_DIR: `${cwd}/data` };
  const { status, output } = await cli(t, ['run', 'nightly'], { cwd, env });
  t.is(status, 0, output);
}
