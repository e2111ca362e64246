import { type Config, titleOfAccount } from '../config.js';
import { formatMinute } from '../format.js';
import type { Redact } from '../redact.js';
import type { NightState, NightStates } from '../schedule/read-nights.js';
import { formatInZone } from '../wall-clock.js';
import { formatCount, formatDuration } from './format.js';

/** The lines of `status` about planned nights: a summary of each, and the accounts that are not done. */
export function formatNights(
  nights: readonly NightStates[],
  config: Pick<Config, 'timezone' | 'accountSettings'>,
  redact: Redact,
): string[] {
  return nights.flatMap(({ night, origin, accounts }) => {
    const counts = (['done', 'running', 'waiting', 'failed', 'replaced'] as const).flatMap((state) => {
      const count = accounts.filter((account) => account.state === state).length;
      return count === 0 ? [] : [`${formatCount(count)} ${state}`];
    });
    const title = `${formatInZone(night, config.timezone)}${origin === 'enqueue' ? ', enqueued' : ''}`;
    const unfinished = accounts.filter(({ state }) => state !== 'done' && state !== 'replaced');
    return [
      '',
      `Nightly run of ${title}: ${counts.join(', ')}`,
      ...unfinished.map((account) => `  ${titleOfAccount(config, account.account_id)} ${describe(account, redact)}`),
    ];
  });
}

function describe(
  { state, host, age_seconds, pages, attempts, wait_seconds, next_attempt_at, waits_for, error, hint }: NightState,
  redact: Redact,
): string {
  const reason = error === null ? '' : `: ${redact([error, hint].filter((part) => part !== null).join(' '))}`;
  const again = attempts > 1 ? `, attempt ${attempts}` : '';
  switch (state) {
    case 'running': {
      const age = age_seconds === null ? '' : ` for ${formatDuration(age_seconds)}`;
      return `is running${host === null ? '' : ` on ${host}`}${age}${again}: ${formatCount(pages ?? 0)} ${pages === 1 ? 'page' : 'pages'} read`;
    }
    case 'waiting': {
      if (attempts === 0) return 'is waiting for a worker';
      const when =
        wait_seconds === null || next_attempt_at === null || wait_seconds < 1
          ? 'now'
          : `in ${formatDuration(wait_seconds)}, at ${formatMinute(next_attempt_at)}`;
      return `waits${waits_for === null ? '' : ` for ${waits_for}`}; attempt ${attempts + 1} starts ${when}${reason}`;
    }
    default:
      return `${state}${reason}`;
  }
}
