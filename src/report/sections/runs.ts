import { formatCount, formatDuration } from '../../format.js';
import { type LastRun, readLastRuns } from '../../sync/last-runs.js';
import { type Html, html } from '../html.js';
import type { Scope } from '../scope.js';
import type { Section } from '../section.js';
import { sqlText, table, timeHtml } from '../table.js';

/** The last run of a job for an account. */
export interface ReportedRun extends LastRun {
  /** It belongs to the account's last night, or is later. */
  ofLastNight: boolean;
}

export interface Runs {
  /** An account's night before its jobs, those in the order in which they ran. */
  runs: readonly ReportedRun[];
  strays: readonly LastRun[];
}

export async function readRuns({ client, ...scope }: Scope): Promise<Runs> {
  const { runs, strays } = await readLastRuns(client, scope);
  const nights = new Map(runs.filter(isNight).map((run) => [run.account_id, run]));
  const accounts = [...new Set(runs.map(({ account_id }) => account_id))];
  const ordered = accounts.flatMap((account) => {
    const ofAccount = runs.filter(({ account_id }) => account_id === account);
    return [...ofAccount.filter(isNight), ...ofAccount.filter((run) => !isNight(run))];
  });
  const began = ({ account_id }: LastRun) => nights.get(account_id)?.started_at.getTime() ?? Number.NEGATIVE_INFINITY;
  return { runs: ordered.map((run) => ({ ...run, ofLastNight: run.started_at.getTime() >= began(run) })), strays };
}

const isNight = ({ job }: LastRun) => job === 'nightly';

export function runsSection({ runs, strays }: Runs): Section {
  return {
    id: 'jobs',
    title: 'Jobs of the last night',
    content: html`${
      runs.length === 0
        ? html`<p>No job has run yet. <code>tn-ledger run nightly</code> runs them all.</p>`
        : html`${runsTable(runs)}${runs.map(problemsOf)}`
    }${strays.map(strayLine)}`,
  };
}

const words: Record<string, string> = {
  failed: '✗ failed',
  interrupted: '✗ interrupted',
  succeeded: '✓ succeeded',
  running: '… running when this was written',
};

function strayLine({ account_id, job, status, age_seconds }: LastRun): Html {
  return html`<p class="left-out">Account ${account_id} is not configured, never had a successful run and holds no data: ${job} ${status} ${formatDuration(age_seconds)} ago. This line goes away a day after the run.</p>\n`;
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
        cell: ({ status, ofLastNight }) =>
          html`<span class="${status}">${words[status] ?? status}</span>${ofLastNight ? '' : ', before the last night'}`,
      },
      { title: 'Began', cell: ({ started_at }) => timeHtml(started_at) },
      { title: 'Took', numeric: true, cell: durationOf },
      { title: 'Pages', numeric: true, cell: (run) => countOf(run, run.pages) },
      { title: 'Rows read', numeric: true, cell: (run) => countOf(run, run.rows_read) },
      { title: 'Rows written', numeric: true, cell: (run) => countOf(run, run.rows_written) },
      { title: 'Warnings', numeric: true, cell: (run) => countOf(run, run.warnings.length) },
    ],
    rows: runs,
  });
}

/** Nothing without an end: counts are written with it. */
const countOf = ({ finished_at }: LastRun, count: number) => (finished_at === null ? '' : formatCount(count));

const durationOf = ({ started_at, finished_at }: LastRun) =>
  finished_at === null ? '' : formatDuration((finished_at.getTime() - started_at.getTime()) / 1000);

const warningsShown = 20;

function problemsOf({ run_id, job, account_id, error, warnings, status }: LastRun): Html | string {
  if (error === null && warnings.length === 0) return '';
  const more = warnings.length - warningsShown;
  return html`<h3>${job} of account ${account_id}</h3>
${error === null ? '' : html`<p class="${status}">${words[status] ?? status}: ${error}</p>\n`}${
  warnings.length === 0
    ? ''
    : html`<ul>${warnings.slice(0, warningsShown).map((warning) => html`<li>${warning}</li>\n`)}</ul>\n`
}${
  more > 0
    ? html`<p class="left-out">${formatCount(more)} more ${more === 1 ? 'warning is' : 'warnings are'} left out here. This shows all of them:</p>
${sqlText(`select jsonb_array_elements_text(warnings) from sync_runs where run_id = ${run_id}`)}`
    : ''
}`;
}
