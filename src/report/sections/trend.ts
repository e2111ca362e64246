import { dayOf } from '../../days.js';
import { formatCount } from '../../format.js';
import { type DayTotal, totalsByDay } from '../../nruf/totals-by-day.js';
import { lines } from '../charts.js';
import { html } from '../html.js';
import type { Scope } from '../scope.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

const months = 24;

/** The totals at the end of each of the last 24 months, and today. */
export function readTrend({ client, account, time, day }: Scope): Promise<DayTotal[]> {
  const ends: string[] = [];
  // Day 0 of a month is the last day of the previous month.
  for (let back = months - 1; back >= 0; back -= 1)
    ends.push(dayOf(new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() - back, 0))));
  return totalsByDay(client, [...ends, day], account);
}

export async function trendSection(points: readonly DayTotal[]): Promise<Section> {
  const id = 'trend';
  const title = 'The past two years';
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.every(({ numbers_received }) => numbers_received === 0))
    return { id, title, content: html`<p>No numbers in the inventory in the past two years.</p>` };
  const describe = ({ day, numbers_received, assigned }: DayTotal) =>
    `${formatCount(numbers_received)} in inventory and ${formatCount(assigned)} assigned on ${day}`;
  const chart = await lines(
    points.map(({ day }) => day.slice(0, 7)),
    [
      { name: 'in inventory', values: points.map(({ numbers_received }) => numbers_received) },
      { name: 'assigned', values: points.map(({ assigned }) => assigned) },
    ],
    {
      caption: 'Numbers in inventory and numbers assigned at the end of each month',
      alternative: `Line chart: from ${describe(first)} to ${describe(last)}. The following table has the numbers.`,
    },
  );
  const months = table<DayTotal>({
    id: 'months',
    caption: 'Numbers at the end of each month, latest first',
    columns: [
      { title: 'Day', cell: ({ day }) => html`<time>${day}</time>` },
      { title: 'In inventory', numeric: true, cell: ({ numbers_received }) => formatCount(numbers_received) },
      { title: 'Assigned', numeric: true, cell: ({ assigned }) => formatCount(assigned) },
      {
        title: 'Utilization',
        numeric: true,
        cell: ({ utilization_percent }) => (utilization_percent === null ? '' : `${utilization_percent}%`),
      },
    ],
    rows: [...points].reverse(),
  });
  return {
    id,
    title,
    content: html`<p>Based on what the ledger knows now. Changes that were reported late count on the date when they happened.</p>\n${chart}\n${months}`,
  };
}
