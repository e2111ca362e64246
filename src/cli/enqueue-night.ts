import { databaseTime } from '../database/time.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { chooseAccounts } from './choose-accounts.js';
import { openQueue } from './open-queue.js';
import type { ApiSession } from './session.js';

/** Plans a nightly run of the accounts now, and prints for which accounts it was planned. */
export async function enqueueNight(
  session: ApiSession,
  { account, json = false }: { account?: string; json?: boolean },
): Promise<ExitStatus> {
  const { config } = session;
  const accounts = chooseAccounts(await session.accounts(), { config, wanted: account });
  const database = await session.database();
  const queue = await openQueue(session, { supervise: false });
  try {
    const { planned, blocked } = await queue.plan({ time: await databaseTime(database), origin: 'enqueue' }, accounts);
    process.stdout.write(json ? toJson(planned, blocked) : toText(planned, blocked));
    return exitStatus.done;
  } finally {
    await queue.close();
  }
}

function toText(planned: readonly string[], blocked: readonly string[]): string {
  const lines: string[] = [];
  if (planned.length > 0) lines.push(`Planned a nightly run: ${planned.join(', ')}.`);
  if (blocked.length > 0) {
    lines.push(`Not planned again, because one is waiting or in progress: ${blocked.join(', ')}.`);
  }
  lines.push(
    'Processes with `tn-ledger schedule` or `tn-ledger worker` work on it; `tn-ledger status` shows how far they are.',
  );
  return `${lines.join('\n')}\n`;
}

function toJson(planned: readonly string[], blocked: readonly string[]): string {
  return `${JSON.stringify({ planned, already_open: blocked }, null, 2)}\n`;
}
