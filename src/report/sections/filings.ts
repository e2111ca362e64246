import { type FilingDeadline, nextDeadlines } from '../../filing-deadlines.js';
import { readWrittenFile, type WrittenFile } from '../../nruf/written-files.js';
import { type Html, html } from '../html.js';
import type { Scope } from '../scope.js';
import type { Section } from '../section.js';
import { formatDays, table } from '../table.js';

export interface NextFiling extends FilingDeadline {
  written: WrittenFile | undefined;
}

/** The next deadlines, with the files written for them that cover the report's account. */
export async function readFilings({ client, account, day }: Scope): Promise<NextFiling[]> {
  const filings: NextFiling[] = [];
  for (const deadline of nextDeadlines(day)) {
    filings.push({ ...deadline, written: await readWrittenFile(client, deadline, account) });
  }
  return filings;
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
              : `${written.fileName} (${written.which}), written on ${written.on}`,
        },
        { title: 'How', cell: (filing) => howTo(filing, day) },
      ],
      rows: filings,
    }),
  };
}

const names: Record<FilingDeadline['filing'], string> = { nruf: 'NRUF', reassigned: 'Reassigned Numbers Database' };

function howTo({ filing, asOf, last, command }: FilingDeadline, day: string): Html {
  if (last >= day) return html`after ${last}: <code>${command}</code>`;
  if (filing === 'reassigned') return html`<code>${command}</code>`;
  return html`<code>tn-ledger audit --as-of ${asOf ?? last}</code>, then <code>${command}</code>`;
}
