import pg from 'pg';
import { formatCount } from '../../format.js';
import {
  type Difference,
  type DifferenceKind,
  type Differences,
  differenceKinds,
  readDifferences,
} from '../../nruf/assignment-report/differences.js';
import { html } from '../html.js';
import { accountColumn, type Scope } from '../scope.js';
import type { Section } from '../section.js';
import { mostRows, sqlText, table, timeHtml } from '../table.js';

interface LatestReport {
  account_id: string;
  requested_at: Date;
  ready_at: Date;
  number_count: number;
  unknown_count: number;
  rejected_count: number;
}

/** The examples are of numbers that need a look, contradictions first; at most as many as a table shows. */
export interface AssignmentReports extends Differences {
  /** The loaded report of each account. */
  loaded: readonly LatestReport[];
  /** Why the last one of an account was not loaded. */
  failures: readonly { account_id: string; period_start: string; state: string; error: string | null }[];
}

/** A number that the report doesn't list is only counted: that is no evidence of its status, and there may be very many. */
const shown = differenceKinds.filter((kind) => kind !== 'not in the report');

/** Reads the reports and how they differ from the ledger; undefined if no account ever had one. */
export async function readAssignmentReports({ client, account }: Scope): Promise<AssignmentReports | undefined> {
  const { rows: latest } = await client.query(
    `select distinct on (account_id) account_id, period_start::text, state, error from assignment_reports
      where $1::text is null or account_id = $1 order by account_id, period_start desc`,
    [account],
  );
  if (latest.length === 0) return undefined;
  const { rows: loaded } = await client.query<LatestReport>(
    `select account_id, requested_at, ready_at, number_count::float8, unknown_count::float8, rejected_count::float8
       from assignment_reports where state = 'loaded' and ($1::text is null or account_id = $1) order by account_id`,
    [account],
  );
  const failures = latest.filter(({ state }) => state !== 'loaded');
  const differences =
    loaded.length === 0
      ? { counts: {}, examples: [] }
      : await readDifferences(client, account, { kinds: shown, limit: mostRows });
  return { loaded, failures, ...differences };
}

export function assignmentReportSection(scope: Scope, reports: AssignmentReports | undefined): Section | undefined {
  if (reports === undefined) return undefined;
  const { loaded, failures, counts, examples } = reports;
  const sum = shown.reduce((total, kind) => total + (counts[kind] ?? 0), 0);
  const call = `assignment_report_differences(${scope.account === undefined ? '' : pg.escapeLiteral(scope.account)})`;
  const omitted = counts['not in the report'] ?? 0;
  const content = html`${loaded.map(
    (
      report,
    ) => html`<p>Bandwidth's report${scope.account === undefined ? ` of account ${report.account_id}` : ''} of ${timeHtml(report.requested_at)} has ${formatCount(report.number_count)} numbers${report.rejected_count > 0 ? ` and ${formatCount(report.rejected_count)} lines without a number that can be read (assignment_report_rejects)` : ''}. It is compared with the ledger's assignment status at that time.</p>
`,
  )}${failures.map(
    ({ account_id, period_start, state, error }) =>
      html`<p>The report requested for ${period_start}${scope.account === undefined ? ` of account ${account_id}` : ''} is not loaded (${state})${error === null ? '' : `: ${error}`}</p>
`,
  )}${
    loaded.length === 0
      ? ''
      : html`${table<DifferenceKind>({
          id: 'assignment-differences',
          caption: 'Numbers whose assignment status differs, by kind',
          columns: [
            { title: 'Difference', cell: (kind) => kind },
            { title: 'Numbers', numeric: true, cell: (kind) => formatCount(counts[kind] ?? 0) },
          ],
          rows: differenceKinds,
        })}${
          sum === 0
            ? ''
            : table<Difference>({
                id: 'assignment-difference-examples',
                caption: 'Numbers whose assignment status differs',
                columns: [
                  { title: 'Number', cell: ({ telephone_number }) => telephone_number },
                  accountColumn(scope, ({ account_id }) => account_id),
                  { title: 'Difference', cell: ({ difference }) => difference },
                  { title: 'Ledger', cell: ({ ledger_status }) => ledger_status ?? 'never marked' },
                  { title: 'Report', cell: ({ report_status }) => report_status ?? '' },
                  { title: 'Order', cell: ({ order_id }) => order_id ?? '' },
                ],
                rows: examples,
                all: {
                  count: sum,
                  sql: `select * from ${call}
where difference <> 'not in the report' order by difference, telephone_number`,
                },
              })
        }${
          omitted === 0
            ? ''
            : html`<p>That the report doesn't list a number is no evidence of its status: Bandwidth doesn't document that the report is complete. To list them:</p>
${sqlText(`select * from ${call}
where difference = 'not in the report' order by telephone_number`)}`
        }`
  }`;
  return {
    id: 'assignment-report',
    title: "Assignment status in Bandwidth's own report",
    content,
  };
}
