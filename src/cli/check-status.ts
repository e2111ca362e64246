import type pg from 'pg';
import { nightlyName, planNames } from '../../jobs/names.js';
import { type Config, titleOfAccount } from '../config.js';
import { baseline, readSchemaState } from '../database/migrations.js';
import { LedgerError, messageOf } from '../errors.js';
import { formatCount, formatDuration } from '../format.js';
import { accountsWithRuns } from '../run/recorded-runs.js';
import { budgetSetting, namesLeftOut } from '../run/request-budget.js';
import { terminalSafe } from '../terminal-text.js';
import { type Session, type SettingsSource, withSession } from './session.js';

/** Exit statuses of monitoring plug-ins: https://www.monitoring-plugins.org/doc/guidelines.html#AEN78 */
const pluginStatus = { OK: 0, WARNING: 1, CRITICAL: 2, UNKNOWN: 3 } as const;

type PluginState = keyof typeof pluginStatus;

interface JobAge {
  account_id: string;
  job: string;
  /** Seconds since the last success; null: never. */
  age: number | null;
  /** Whether its last run failed or was interrupted. */
  fails: boolean;
  running: boolean;
  /** Whether the last nightly run had too few requests for it. */
  leftOut: boolean;
}

/** How many jobs the line names. */
const mostNamed = 3;

/**
 * Prints one line as monitoring plug-ins do, and sets the exit status to theirs: WARNING if the last success of a job
 * is older than `maxAgeMs`, CRITICAL if it is twice as old or a configured account was never loaded, UNKNOWN if the
 * ledger can't be read.
 */
export async function checkStatus(source: SettingsSource, maxAgeMs: number): Promise<void> {
  const finish = (state: PluginState, text: string) => {
    process.stdout.write(`TN-LEDGER ${state}: ${terminalSafe(text.replace(/\s*\n\s*/g, ' '))}\n`);
    process.exitCode = pluginStatus[state];
  };
  try {
    let verdict: [PluginState, string] = ['UNKNOWN', 'stopped'];
    await withSession(source, async (session) => {
      try {
        verdict = judge(await readAges(session), session.config, maxAgeMs / 1000);
      } catch (error) {
        verdict = ['UNKNOWN', session.redact(describe(error))];
      }
      return 0;
    });
    finish(...verdict);
  } catch (error) {
    // The configuration is wrong.
    finish('UNKNOWN', describe(error));
  }
}

function describe(error: unknown): string {
  const hint = error instanceof LedgerError && error.hint !== undefined ? ` ${error.hint}` : '';
  return `${messageOf(error)}${hint}`;
}

async function readAges(session: Session): Promise<JobAge[]> {
  const database = await session.database({ readOnly: true });
  const { applied } = await readSchemaState(database);
  if (!applied.includes(baseline)) return [];
  return readJobAges(database.pool, session.config.accounts);
}

/**
 * Reads the age of each job that ever ran or was left out of the last nightly run, except jobs of other versions.
 *
 * @param configured empty: all accounts that ever succeeded
 */
async function readJobAges(pool: pg.Pool, configured: readonly string[]): Promise<JobAge[]> {
  const { rows } = await pool.query<JobAge>(
    `with recursive ${accountsWithRuns},
     chosen as (
       select unnest($2::text[]) collate "C" as account_id
       union
       select account_id from accounts a
        where cardinality($2::text[]) = 0
          and exists (select from sync_runs r where r.account_id = a.account_id and r.status = 'succeeded'))
     select a.account_id, j.job, extract(epoch from clock_timestamp() - success.finished_at)::float8 as age,
            coalesce(last.status in ('failed', 'interrupted'), false) as fails,
            coalesce(last.status = 'running', false) as running, night.left_out as "leftOut"
       from chosen a
      cross join unnest($1::text[]) with ordinality as j (job, place)
      cross join lateral (
        select exists (
          select from jsonb_array_elements_text((
            select warnings from sync_runs r where r.account_id = a.account_id and r.job = '${nightlyName}' and r.status <> 'running'
             order by started_at desc, run_id desc limit 1)) as w (warning)
           where ${namesLeftOut('w.warning', 'j.job')}) as left_out) as night
       left join lateral (
        select status from sync_runs r where r.account_id = a.account_id and r.job = j.job
         order by started_at desc, run_id desc limit 1) as last on true
       left join lateral (
        select finished_at from sync_runs r where r.account_id = a.account_id and r.job = j.job and r.status = 'succeeded'
         order by finished_at desc limit 1) as success on true
      where last.status is not null or night.left_out
      order by a.account_id, j.place`,
    [planNames, configured],
  );
  const never = configured.filter((account) => rows.every(({ account_id }) => account_id !== account));
  return [
    ...never.map((account_id) => ({
      account_id,
      job: nightlyName,
      age: null,
      fails: false,
      running: false,
      leftOut: false,
    })),
    ...rows,
  ];
}

function judge(jobs: readonly JobAge[], config: Config, maxAge: number): [PluginState, string] {
  if (jobs.length === 0) return ['CRITICAL', 'no job has run yet; start the first run: tn-ledger run nightly'];
  const isLate = ({ age }: JobAge) => age === null || age > maxAge;
  // The first run of an account may take hours, and within a limit of requests several runs.
  const isTooLate = ({ age, running, leftOut }: JobAge) => (age === null ? !running && !leftOut : age > 2 * maxAge);
  const late = jobs
    .filter(isLate)
    .sort((a, b) => Number(b.fails) - Number(a.fails) || (b.age ?? Number.MAX_VALUE) - (a.age ?? Number.MAX_VALUE));
  const failing = jobs.filter(({ fails }) => fails).length;
  const oldest = Math.max(0, ...jobs.map(({ age }) => age ?? 0));
  const performance = `oldest=${Math.round(oldest)}s;${maxAge};${2 * maxAge};0 late=${late.length};;;0 failing=${failing};;;0`;
  const all = `${formatCount(jobs.length)} ${jobs.length === 1 ? 'job' : 'jobs'}`;
  if (late.length === 0) {
    const failures = failing === 0 ? '' : `, ${formatCount(failing)} failed in the last run: tn-ledger status`;
    return ['OK', `${all}, the oldest success ${formatDuration(oldest)} ago${failures} | ${performance}`];
  }
  const named = late.slice(0, mostNamed).map(({ job, account_id, age, fails, running, leftOut }) => {
    const state = running ? ', running' : leftOut ? `, left out by ${budgetSetting}` : fails ? ', failed' : '';
    const when = age === null ? 'never succeeded' : `${formatDuration(age)} ago`;
    return `${job} of account ${titleOfAccount(config, account_id)} (${when}${state})`;
  });
  if (late.length > mostNamed) named.push(`${formatCount(late.length - mostNamed)} more`);
  return [
    late.some(isTooLate) ? 'CRITICAL' : 'WARNING',
    `${formatCount(late.length)} of ${all} without a success in the last ${formatDuration(maxAge)}: ${named.join(', ')}; see tn-ledger status | ${performance}`,
  ];
}
