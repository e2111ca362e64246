import pg from 'pg';
import { formatCount, formatDuration } from '../../format.js';
import { type LastRun, readLastRuns } from '../../run/last-runs.js';
import { type Html, html } from '../html.js';
import { accountColumn, type Scope, shownCondition } from '../scope.js';
import type { KeyFigure, Section } from '../section.js';
import { mostRows, sqlText, table, timeHtml } from '../table.js';

/** The last run of a job for an account. */
export interface ReportedRun extends LastRun {
  /** Part of the account's last nightly run, or later. */
  inLastNightly: boolean;
  /** When the job last succeeded for the account; null: never. */
  succeeded_at: Date | null;
}

export interface Runs {
  /** For each account, `nightly` first, then its jobs in the order in which they ran. */
  runs: readonly ReportedRun[];
  strays: readonly LastRun[];
}

export async function readRuns({ client, ...scope }: Scope): Promise<Runs> {
  const { runs, strays } = await readLastRuns(client, scope);
  const { rows: successes } = await client.query<{ succeeded_at: Date | null }>(
    `select (select max(finished_at) from sync_runs r
              where r.account_id = a.account_id collate "C" and r.job = a.job and r.status = 'succeeded') as succeeded_at
       from unnest($1::text[], $2::text[]) with ordinality as a (account_id, job, place) order by place`,
    [runs.map(({ account_id }) => account_id), runs.map(({ job }) => job)],
  );
  const nightlyRuns = new Map(runs.filter(isNightly).map((run) => [run.account_id, run]));
  const startOfNightly = ({ account_id }: LastRun) =>
    nightlyRuns.get(account_id)?.started_at.getTime() ?? Number.NEGATIVE_INFINITY;
  const reported = runs.map((run, index) => ({
    ...run,
    inLastNightly: run.started_at.getTime() >= startOfNightly(run),
    succeeded_at: successes[index]?.succeeded_at ?? null,
  }));
  const accounts = [...new Set(runs.map(({ account_id }) => account_id))];
  return {
    runs: accounts.flatMap((account) => {
      const ofAccount = reported.filter(({ account_id }) => account_id === account);
      return [...ofAccount.filter(isNightly), ...ofAccount.filter((run) => !isNightly(run))];
    }),
    strays,
  };
}

export const isNightly = ({ job }: LastRun) => job === 'nightly';

/** The run failed, or its process is gone. */
export const isUnsuccessful = ({ status }: LastRun) => status === 'failed' || status === 'interrupted';

/** The last run of each job and account, with a condition on it. */
export function lastRunsSql(scope: Scope, condition = ''): string {
  return `select * from (
  select distinct on (account_id, job) job, account_id, run_id, status, started_at, finished_at, rows_read, rows_written, error, warnings
  from sync_runs${shownCondition(scope)} order by account_id, job, started_at desc, run_id desc) as last
${condition === '' ? '' : `where ${condition} `}order by status = 'succeeded', account_id, run_id`;
}

export function runsSection(scope: Scope, { runs, strays }: Runs): Section {
  return {
    id: 'jobs',
    title: 'Jobs in the last nightly run',
    figures: [jobsFigure(scope, runs)],
    content: html`${
      runs.length === 0
        ? html`<p>No job has run yet. Run them all with <code>tn-ledger run nightly</code>.</p>`
        : html`${runsTable(scope, runs)}${problemsOfRuns(scope, runs)}`
    }${strays.map(unconfiguredAccountLine)}`,
  };
}

/** The jobs of nightly runs, and how old the oldest data are. */
function jobsFigure({ time }: Scope, runs: readonly ReportedRun[]): KeyFigure {
  const ended = runs.filter((run) => !isNightly(run) && run.status !== 'running');
  const label = 'Jobs succeeded';
  if (ended.length === 0)
    return { label, value: 'none', note: runs.length === 0 ? 'no job has run yet' : 'the first run is in progress' };
  const succeeded = ended.filter((run) => !isUnsuccessful(run));
  const dates = ended.flatMap(({ succeeded_at }) => succeeded_at?.getTime() ?? []);
  const never = ended.length - dates.length;
  const oldest = Math.min(...dates);
  return {
    label,
    value: `${formatCount(succeeded.length)} of ${formatCount(ended.length)}`,
    note: [
      ...(dates.length > 0 ? [`oldest success ${formatAge(time, oldest)}`] : []),
      ...(never > 0 ? [`${formatCount(never)} never succeeded`] : []),
    ].join(', '),
    isProblem: succeeded.length < ended.length,
  };
}

/** `less than an hour ago`, `5 hours ago`, `3 days ago`. */
function formatAge(time: Date, since: number): string {
  const hours = Math.floor((time.getTime() - since) / 3_600_000);
  if (hours < 1) return 'less than an hour ago';
  if (hours < 48) return `${hours} ${hours === 1 ? 'hour' : 'hours'} ago`;
  return `${formatCount(Math.floor(hours / 24))} days ago`;
}

const words: Record<string, string> = {
  failed: '✗ failed',
  interrupted: '✗ interrupted',
  succeeded: '✓ succeeded',
  running: '… running when this report was made',
};

/** A run's status, for the reader. */
export function statusHtml(status: string): Html {
  return html`<span class="${status}">${words[status] ?? status}</span>`;
}

function unconfiguredAccountLine({ account_id, job, status, age_seconds }: LastRun): Html {
  return html`<p class="left-out">Account ${account_id} is not configured, has never had a successful run and has no data: ${job} ${status} ${formatDuration(age_seconds)} ago. This line disappears one day after the run.</p>\n`;
}

function runsTable(scope: Scope, runs: readonly ReportedRun[]): Html {
  return table<ReportedRun>({
    id: 'runs',
    caption: 'The last run of each job',
    columns: [
      { title: 'Job', cell: ({ job }) => html`<span class="name">${job}</span>` },
      accountColumn(scope, ({ account_id }) => account_id),
      {
        title: 'Outcome',
        cell: ({ status, inLastNightly }) =>
          html`${statusHtml(status)}${inLastNightly ? '' : ', before the last nightly run'}`,
      },
      { title: 'Started', cell: ({ started_at }) => timeHtml(started_at) },
      { title: 'Duration', numeric: true, cell: durationOf },
      { title: 'Last success', cell: ({ succeeded_at }) => (succeeded_at === null ? 'never' : timeHtml(succeeded_at)) },
      { title: 'Pages', numeric: true, cell: (run) => countOf(run, run.pages) },
      { title: 'Rows read', numeric: true, cell: (run) => countOf(run, run.rows_read) },
      { title: 'Rows written', numeric: true, cell: (run) => countOf(run, run.rows_written) },
      { title: 'Warnings', numeric: true, cell: (run) => countOf(run, run.warnings.length) },
    ],
    rows: [...runs.filter(isUnsuccessful), ...runs.filter((run) => !isUnsuccessful(run))],
    all: { count: runs.length, sql: lastRunsSql(scope) },
  });
}

/** Empty for an unfinished run: the counts are written when it finishes. */
const countOf = ({ finished_at }: LastRun, count: number) => (finished_at === null ? '' : formatCount(count));

const durationOf = ({ started_at, finished_at }: LastRun) =>
  finished_at === null ? '' : formatDuration((finished_at.getTime() - started_at.getTime()) / 1000);

/** The errors and warnings of the last runs. */
function problemsOfRuns(scope: Scope, runs: readonly ReportedRun[]): Html {
  const withProblems = runs.filter(({ error, warnings }) => error !== null || warnings.length > 0);
  const more = withProblems.length - mostRows;
  return html`${withProblems.slice(0, mostRows).map(problemsOf)}${
    more > 0
      ? html`<p class="left-out">${formatCount(more)} more ${more === 1 ? 'run' : 'runs'} with errors or warnings are not shown. To list them all:</p>
${sqlText(lastRunsSql(scope, `error is not null or warnings <> '[]'`))}`
      : ''
  }`;
}

function problemsOf({ run_id, job, account_id, error, warnings, status }: LastRun): Html {
  const more = warnings.length - mostRows;
  return html`<h3>${job} for account ${account_id}</h3>
${error === null ? '' : html`<p>${statusHtml(status)}: ${error}</p>\n`}${
  warnings.length === 0
    ? ''
    : html`<ul>${warnings.slice(0, mostRows).map((warning) => html`<li>${warning}</li>\n`)}</ul>\n`
}${
  more > 0
    ? html`<p class="left-out">${formatCount(more)} more ${more === 1 ? 'warning is' : 'warnings are'} not shown. To list them all:</p>
${sqlText(`select jsonb_array_elements_text(warnings) from sync_runs where account_id = ${pg.escapeLiteral(account_id)} and run_id = ${run_id}`)}`
    : ''
}`;
}
