import { disconnectedNumbers } from '../../dashboard/resources/disconnected-numbers.js';
import { type FilingDeadline, nextDeadlines } from '../../filing-deadlines.js';
import { type Html, html } from '../html.js';
import type { Scope } from '../scope.js';
import type { Section } from '../section.js';
import { formatDays, table } from '../table.js';

export interface NextFiling extends FilingDeadline {
  /** The latest file that `tn-ledger nruf --out` wrote for it. */
  written: { id: string; fileName: string; on: string } | undefined;
}

/** The next deadlines, with the files written for NRUF that cover the report's account. */
export async function readFilings({ client, account, day }: Scope): Promise<NextFiling[]> {
  const deadlines = nextDeadlines(day);
  const { rows } = await client.query<{ as_of: string; filing_id: string; file_name: string; on: string }>(
    `select distinct on (as_of) as_of::text, filing_id, file_name, (created_at at time zone 'UTC')::date::text as on from nruf_filings
      where as_of = any($1::date[]) and ($2::text is null or accounts is null or $2 = any(accounts))
      order by as_of, filing_id desc`,
    [deadlines.flatMap(({ asOf }) => asOf ?? []), account ?? null],
  );
  return deadlines.map((deadline) => {
    const row = rows.find(({ as_of }) => as_of === deadline.asOf);
    return { ...deadline, written: row && { id: row.filing_id, fileName: row.file_name, on: row.on } };
  });
}

export function filingsSection({ day }: Scope, filings: readonly NextFiling[]): Section {
  const next = filings.find(({ written }) => written === undefined) ?? filings[0];
  const others = filings.filter((filing) => filing !== next);
  const left = ({ days }: FilingDeadline) => (days === 0 ? 'today' : `in ${formatDays(days)}`);
  return {
    id: 'filings',
    title: 'Filing deadlines',
    figures:
      next === undefined
        ? []
        : [
            {
              label: 'Next filing',
              value: next.due,
              note: [
                `${names[next.filing]} ${left(next)}`,
                ...others.map((filing) => `${names[filing.filing]} ${left(filing)}`),
              ].join('; '),
            },
          ],
    content: table<NextFiling>({
      id: 'deadlines',
      caption: 'The next deadline of each filing',
      columns: [
        { title: 'Due', cell: ({ due }) => html`<time>${due}</time>` },
        { title: 'Time left', cell: ({ days }) => formatDays(days) },
        { title: 'Filing', cell: ({ what }) => what },
        {
          title: 'State',
          cell: ({ written }) =>
            written === undefined
              ? 'not written yet'
              : `${written.fileName} (filing ${written.id}), written on ${written.on}`,
        },
        { title: 'How', cell: (filing) => howTo(filing, day) },
      ],
      rows: filings,
    }),
  };
}

const names: Record<FilingDeadline['filing'], string> = { nruf: 'NRUF', reassigned: 'Reassigned Numbers Database' };

function howTo({ asOf }: FilingDeadline, day: string): Html {
  if (asOf === undefined) return html`the table ${disconnectedNumbers.table} has them`;
  if (asOf > day) return html`after ${asOf}: <code>tn-ledger audit</code>, then <code>tn-ledger nruf</code>`;
  return html`<code>tn-ledger audit --as-of ${asOf}</code>, then <code>tn-ledger nruf --as-of ${asOf} --form u4 --out u4.xlsx</code>`;
}
