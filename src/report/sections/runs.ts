import { formatCount, formatDuration } from '../../format.js';
import { type Html, html } from '../html.js';
import type { Scope } from '../scope.js';
import type { Section } from '../section.js';
import { sqlText, table, timeHtml } from '../table.js';

/** The last run of a job for an account. */
export interface LastRun {
  runId: string;
  job: string;
  account: string;
  status: string;
  startedAt: Date;
  /** Seconds; undefined while it runs. */
  seconds: number | undefined;
  pages: number;
  rowsRead: number;
  rowsWritten: number;
  error: string | undefined;
  warnings: readonly string[];
  /** It belongs to the account's last night, or is later. */
  ofLastNight: boolean;
}

/** The last run of each job, an account's night before its jobs, those in the order in which they ran. */
export async function readRuns({ client, account }: Scope): Promise<LastRun[]> {
  const { rows } = await client.query(
    `select last.*, extract(epoch from finished_at - started_at)::float8 as seconds,
            started_at >= coalesce(max(started_at) filter (where job = 'nightly') over (partition by account_id), '-infinity') as of_last_night
       from (select distinct on (account_id, job) * from sync_runs
              where $1::text is null or account_id = $1 order by account_id, job, started_at desc, run_id desc) as last
      order by account_id, job <> 'nightly', run_id`,
    [account ?? null],
  );
  return rows.map((row) => ({
    runId: row.run_id,
    job: row.job,
    account: row.account_id,
    status: row.status,
    startedAt: row.started_at,
    seconds: row.seconds ?? undefined,
    pages: Number(row.pages),
    rowsRead: Number(row.rows_read),
    rowsWritten: Number(row.rows_written),
    error: row.error ?? undefined,
    warnings: row.warnings,
    ofLastNight: row.of_last_night,
  }));
}

export function runsSection(runs: readonly LastRun[]): Section {
  return {
    id: 'jobs',
    title: 'Jobs of the last night',
    content:
      runs.length === 0
        ? html`<p>No job has run yet. <code>tn-ledger run nightly</code> runs them all.</p>`
        : html`${runsTable(runs)}${runs.map(problemsOf)}`,
  };
}

const words: Record<string, string> = {
  failed: '✗ failed',
  interrupted: '✗ interrupted',
  succeeded: '✓ succeeded',
  running: '… running when this was written',
};

function runsTable(runs: readonly LastRun[]): Html {
  return table({
    id: 'runs',
    caption: 'The last run of each job',
    columns: [
      { title: 'Job', cell: ({ job }) => job },
      { title: 'Account', cell: ({ account }) => account },
      {
        title: 'Outcome',
        cell: ({ status, ofLastNight }) =>
          html`<span class="${status}">${words[status] ?? status}</span>${ofLastNight ? '' : ', before the last night'}`,
      },
      { title: 'Began', cell: ({ startedAt }) => timeHtml(startedAt) },
      { title: 'Took', numeric: true, cell: ({ seconds }) => (seconds === undefined ? '' : formatDuration(seconds)) },
      { title: 'Pages', numeric: true, cell: (run) => countOf(run, run.pages) },
      { title: 'Rows read', numeric: true, cell: (run) => countOf(run, run.rowsRead) },
      { title: 'Rows written', numeric: true, cell: (run) => countOf(run, run.rowsWritten) },
      { title: 'Warnings', numeric: true, cell: (run) => countOf(run, run.warnings.length) },
    ],
    rows: runs,
  });
}

/** Nothing while it runs: counts are written at the end. */
const countOf = ({ status }: LastRun, count: number) => (status === 'running' ? '' : formatCount(count));

const warningsShown = 20;

function problemsOf({ runId, job, account, error, warnings, status }: LastRun): Html | string {
  if (error === undefined && warnings.length === 0) return '';
  const more = warnings.length - warningsShown;
  return html`<h3>${job} of account ${account}</h3>
${error === undefined ? '' : html`<p class="${status}">${words[status] ?? status}: ${error}</p>\n`}${
  warnings.length === 0
    ? ''
    : html`<ul>${warnings.slice(0, warningsShown).map((warning) => html`<li>${warning}</li>\n`)}</ul>\n`
}${
  more > 0
    ? html`<p class="left-out">${formatCount(more)} more ${more === 1 ? 'warning is' : 'warnings are'} left out here. This shows all of them:</p>
${sqlText(`select jsonb_array_elements_text(warnings) from sync_runs where run_id = ${runId}`)}`
    : ''
}`;
}
