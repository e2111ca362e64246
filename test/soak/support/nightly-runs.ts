import { queueSchema } from '../../../src/database/queue-schema.js';
import { isDown, type MovedWorld } from './moved-world.js';

export const accounts = ['9900000', '9900001'] as const;
export const minute = 60_000;
export const hour = 60 * minute;

/** What is different about a nightly run, and what must come of it. */
export interface Scenario {
  name: string;
  /** Called shortly before the run is due. */
  before?(world: MovedWorld): Promise<void> | void;
  /** Called when the run is due, until it is in progress, or until it can be. */
  during?(world: MovedWorld): Promise<void>;
  /** Called when the run has ended, or waits for its next attempt. */
  after?(world: MovedWorld): Promise<void>;
  /** Called shortly before the next run is due. */
  end?(world: MovedWorld): Promise<void> | void;
  /** Called when the next run is planned. */
  next?(world: MovedWorld): void;
  /** The state that the run ends in, by account; all `done` otherwise. */
  states?: Record<string, 'failed' | 'replaced'>;
  /** Whether a run that somebody started by hand has succeeded before the next is due. */
  isRepeatedByHand?: true;
  /** The title of an alert that must arrive before the next run is due; undefined: none may. */
  alert?: RegExp;
}

/** A nightly run of all accounts. */
export interface NightlyRun {
  scenario: Scenario;
  due: number;
  /** When the next one is due. */
  next: number;
}

/** A planned nightly run of an account. */
interface PlannedRun {
  account: string;
  /** When it was due: ISO 8601. */
  night: string;
  state: 'waiting' | 'running' | 'replaced' | 'failed' | 'done';
  attempts: number;
  /** A failure that no run records. */
  unrecorded: { cause: string; hint?: string } | null;
  /** Whether an attempt is in progress or may start. */
  isBusy: boolean;
  /** When the next attempt may start, if it is waiting. */
  nextAttempt: Date;
}

function readPlanned(world: MovedWorld): Promise<PlannedRun[]> {
  return world.query(`
    select group_id as account, data ->> 'night' as night, output -> 'unrecorded' as unrecorded,
           retry_count + (started_on is not null)::integer as attempts,
           case when state = 'cancelled' then 'replaced' when state = 'failed' or output ->> 'result' = 'failed' then 'failed'
                when state = 'completed' then 'done' when state = 'active' then 'running' else 'waiting' end as state,
           state = 'active' or state < 'active' and start_after <= clock_timestamp() as "isBusy", start_after as "nextAttempt"
      from ${queueSchema}.job`);
}

/** A row of `sync_runs`. */
export interface RunRow {
  run_id: string;
  job: string;
  account_id: string;
  started_at: Date;
  status: string;
  cause: string | null;
  hint: string | null;
}

/** Everything that was ever recorded: the ledger removes what is old. */
export class Records {
  readonly runs = new Map<string, RunRow>();
  /** By `keyOf`. */
  readonly planned = new Map<string, PlannedRun>();
  /** The keys of runs that were not planned, because an attempt of the one before was in progress. */
  readonly skipped = new Set<string>();

  async keep(world: MovedWorld): Promise<void> {
    for (const row of await readPlanned(world)) this.planned.set(keyOf(Date.parse(row.night), row.account), row);
    for (const row of await world.query<RunRow>('select * from sync_runs')) this.runs.set(row.run_id, row);
  }
}

/** The key of an account's nightly run. */
export function keyOf(due: number, account: string): string {
  return `${new Date(due).toISOString()} ${account}`;
}

/** Lives through a nightly run until shortly before the next one is due. */
export async function liveThrough(
  world: MovedWorld,
  { scenario, due, next }: NightlyRun,
  last: Scenario | undefined,
  records: Records,
): Promise<void> {
  const wasSkipped = (account: string) => {
    const when = new Date(due).toISOString().slice(0, 16).replace('T', ' ');
    return world.printed().includes(`(${when} UTC) was skipped for account ${account}: the previous run is still`);
  };
  const isPlanned = async () => {
    const planned = new Set((await readPlanned(world)).map(({ night, account }) => keyOf(Date.parse(night), account)));
    return accounts.every((account) => planned.has(keyOf(due, account)) || wasSkipped(account));
  };
  const isOver = async () => {
    const planned = await readPlanned(world);
    const ofRun = planned.filter(({ night }) => Date.parse(night) === due);
    return ofRun.every(({ attempts }) => attempts > 0) && planned.every(({ isBusy }) => !isBusy) && (await isPlanned());
  };
  await passTo(world, due - 5 * minute);
  await scenario.before?.(world);
  if (world.now().getTime() < due) await world.move(due - world.now().getTime());
  if (last?.next !== undefined) {
    await world.passUntil(isPlanned, 1000);
    last.next(world);
  }
  await scenario.during?.(world);
  await world.passUntil(isOver, 1000);
  for (const account of accounts) if (wasSkipped(account)) records.skipped.add(keyOf(due, account));
  await scenario.after?.(world);
  await records.keep(world);
  await world.dateFiles();
  await passTo(world, next - 20 * minute);
  await scenario.end?.(world);
  await records.keep(world);
}

/** Lets hours pass. */
export async function passHours(world: MovedWorld, hours: number): Promise<void> {
  await passTo(world, world.now().getTime() + hours * hour);
}

/** After so many attempts of a run, the clocks also jump over some: each repeats what the ones before did. */
const attemptsInFull = 3;

/** Lets time pass up to a moment: in small steps while a run is in progress, else in larger ones. */
async function passTo(world: MovedWorld, end: number): Promise<void> {
  const leftTo = (moment: number) => moment - world.now().getTime();
  /** When the next attempt may start; undefined if one is in progress or may start now. */
  const nextAttempt = async () => {
    const planned = await readPlanned(world);
    if (planned.some(({ isBusy }) => isBusy)) return undefined;
    const waiting = planned.filter(({ state, attempts }) => state === 'waiting' && attempts < attemptsInFull);
    return Math.min(...waiting.map((run) => run.nextAttempt.getTime()));
  };
  while (leftTo(end) > 0) {
    const next = await nextAttempt();
    if (next === undefined) {
      // With an API that is down, a run mostly waits.
      await world.move(Math.min(leftTo(end), world.onRequest === isDown ? 8000 : 1000));
      continue;
    }
    // Alerts and upkeep are looked for every minute. The second time starts after the first has sent what was due.
    const before = world.alertPolls();
    await world.move(Math.min(leftTo(end), Math.max(1000, leftTo(next)), 61_000));
    await world.passUntil(() => world.alertPolls() > before + 1, 10_000);
    // An attempt may have started: hours that pass in the middle of it would make it fail.
    const rest = Math.min(leftTo(end), leftTo((await nextAttempt()) ?? 0), 11 * hour);
    if (rest > 62_000) await world.move(rest);
  }
}
