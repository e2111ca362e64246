import pg from 'pg';
import { formatCount, formatDuration } from '../../format.js';
import { type LastRun, readLastRuns } from '../../run/last-runs.js';
import { type Html, html } from '../html.js';
import type { Scope } from '../scope.js';
import type { Section } from '../section.js';
import { sqlText, table, timeHtml } from '../table.js';

/** The last run of a job for an account. */
export interface ReportedRun extends LastRun {
  /** Part of the account's last nightly run, or later. */
  inLastNightly: boolean;
}

export interface Runs {
  /** For each account, `nightly` first, then its jobs in the order in which they ran. */
  runs: readonly ReportedRun[];
  strays: readonly LastRun[];
}

export async function readRuns({ client, ...scope }: Scope): Promise<Runs> {
  const { runs, strays } = await readLastRuns(client, scope);
  const nightlyRuns = new Map(runs.filter(isNightly).map((run) => [run.account_id, run]));
  const accounts = [...new Set(runs.map(({ account_id }) => account_id))];
  const ordered = accounts.flatMap((account) => {
    const ofAccount = runs.filter(({ account_id }) => account_id === account);
    return [...ofAccount.filter(isNightly), ...ofAccount.filter((run) => !isNightly(run))];
  });
  const startOfNightly = ({ account_id }: LastRun) =>
    nightlyRuns.get(account_id)?.started_at.getTime() ?? Number.NEGATIVE_INFINITY;
  return {
    runs: ordered.map((run) => ({ ...run, inLastNightly: run.started_at.getTime() >= startOfNightly(run) })),
    strays,
  };
}

const isNightly = ({ job }: LastRun) => job === 'nightly';

export function runsSection({ runs, strays }: Runs): Section {
  return {
    id: 'jobs',
    title: 'Jobs in the last nightly run',
    content: html`${
      runs.length === 0
        ? html`<p>No job has run yet. Run them all with <code>tn-ledger run nightly</code>.</p>`
        : html`${runsTable(runs)}${runs.map(problemsOf)}`
    }${strays.map(unconfiguredAccountLine)}`,
  };
}

const words: Record<string, string> = {
  failed: '✗ failed',
  interrupted: '✗ interrupted',
  succeeded: '✓ succeeded',
  running: '… running when this report was made',
};

function unconfiguredAccountLine({ account_id, job, status, age_seconds }: LastRun): Html {
  return html`<p class="left-out">Account ${account_id} is not configured, has never had a successful run and has no data: ${job} ${status} ${formatDuration(age_seconds)} ago. This line disappears one day after the run.</p>\n`;
}

function runsTable(runs: readonly ReportedRun[]): Html {
  return table<ReportedRun>({
    id: 'runs',
    caption: 'The last run of each job',
    columns: [
      { title: 'Job', cell: ({ job }) => job },
      { title: 'Account', cell: ({ account_id }) => account_id },
      {
        title: 'Outcome',
        cell: ({ status, inLastNightly }) =>
          html`<span class="${status}">${words[status] ?? status}</span>${inLastNightly ? '' : ', before the last nightly run'}`,
      },
      { title: 'Started', cell: ({ started_at }) => timeHtml(started_at) },
      { title: 'Duration', numeric: true, cell: durationOf },
      { title: 'Pages', numeric: true, cell: (run) => countOf(run, run.pages) },
      { title: 'Rows read', numeric: true, cell: (run) => countOf(run, run.rows_read) },
      { title: 'Rows written', numeric: true, cell: (run) => countOf(run, run.rows_written) },
      { title: 'Warnings', numeric: true, cell: (run) => countOf(run, run.warnings.length) },
    ],
    rows: runs,
  });
}

/** Empty for an unfinished run: the counts are written when it finishes. */
const countOf = ({ finished_at }: LastRun, count: number) => (finished_at === null ? '' : formatCount(count));

const durationOf = ({ started_at, finished_at }: LastRun) =>
  finished_at === null ? '' : formatDuration((finished_at.getTime() - started_at.getTime()) / 1000);

const warningsShown = 20;

function problemsOf({ run_id, job, account_id, error, warnings, status }: LastRun): Html | string {
  if (error === null && warnings.length === 0) return '';
  const more = warnings.length - warningsShown;
  return html`<h3>${job} for account ${account_id}</h3>
${error === null ? '' : html`<p class="${status}">${words[status] ?? status}: ${error}</p>\n`}${
  warnings.length === 0
    ? ''
    : html`<ul>${warnings.slice(0, warningsShown).map((warning) => html`<li>${warning}</li>\n`)}</ul>\n`
}${
  more > 0
    ? html`<p class="left-out">${formatCount(more)} more ${more === 1 ? 'warning is' : 'warnings are'} not shown. To list them all:</p>
${sqlText(`select jsonb_array_elements_text(warnings) from sync_runs where account_id = ${pg.escapeLiteral(account_id)} and run_id = ${run_id}`)}`
    : ''
}`;
}
