import { addDays, dayOf } from '../../days.js';
import { formatCount } from '../../format.js';
import { type DayHoldings, holdingsByDay } from '../../nruf/holdings-by-day.js';
import { columns } from '../charts/columns.js';
import { lines } from '../charts/lines.js';
import { sparkline } from '../charts/small.js';
import { type Html, html } from '../html.js';
import type { Scope } from '../scope.js';
import type { KeyFigure, Section } from '../section.js';
import { table } from '../table.js';
import type { Changes } from './changes.js';
import type { Inventory } from './inventory.js';

/** The end of a month, or today. */
export interface MonthEnd extends DayHoldings {
  /** Numbers that left since the end of the month before it; null, as `added`, for the first. */
  removed: number | null;
}

export interface Trend {
  /** The ends of the last 24 months, and today. */
  months: readonly MonthEnd[];
  /** The numbers held at the end of each of the last 31 days. */
  recent: readonly number[];
}

const monthsShown = 24;
const recentDays = 31;

export async function readTrend({ client, account, time, day }: Scope): Promise<Trend> {
  // Day 0 of a month is the last day of the previous month.
  const ends = Array.from({ length: monthsShown }, (_, index) =>
    dayOf(new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth() - (monthsShown - 1 - index), 0))),
  ).concat(day);
  const recent = Array.from({ length: recentDays }, (_, index) => addDays(day, index - recentDays + 1));
  const days = await holdingsByDay(client, [...new Set([...ends, ...recent])].sort(), account);
  const months: MonthEnd[] = [];
  let added = 0;
  for (const holdings of days) {
    added += holdings.added ?? 0;
    if (!ends.includes(holdings.day)) continue;
    const before = months.at(-1);
    // What left is what was there, and came, and is there no more.
    months.push(
      before === undefined
        ? { ...holdings, added: null, removed: null }
        : { ...holdings, added, removed: before.held + added - holdings.held },
    );
    added = 0;
  }
  return { months, recent: days.filter((each) => recent.includes(each.day)).map(({ held }) => held) };
}

export function trendSection({ months, recent }: Trend, { held }: Inventory, changes: Changes): Section {
  const id = 'trend';
  const title = 'The past two years';
  const figures = [heldFigure(recent, held, changes)];
  const [first, last] = [months[0], months.at(-1)];
  if (first === undefined || last === undefined || months.every((month) => month.held === 0 && !month.added))
    return { id, title, figures, content: html`<p>No numbers in the past two years.</p>` };
  return {
    id,
    title,
    figures,
    content: html`<p>Based on what the ledger knows now. Changes that were reported late count on the date when they happened.</p>
${holdingsChart(months, first, last)}
${movementsChart(months.slice(1))}
${monthsTable(months)}`,
  };
}

function heldFigure(recent: readonly number[], held: number, { isFirst, added, removed }: Changes): KeyFigure {
  return {
    label: 'Numbers held',
    value: formatCount(held),
    note: isFirst
      ? 'no earlier nightly run to compare with'
      : `${added + removed === 0 ? 'unchanged' : `+${formatCount(added)} −${formatCount(removed)}`} since the previous nightly run`,
    picture: sparkline(recent),
  };
}

const labelOf = ({ day }: DayHoldings) => day.slice(0, 7);

function holdingsChart(months: readonly MonthEnd[], first: MonthEnd, last: MonthEnd): Html {
  const describe = ({ day, numbers_received, assigned }: DayHoldings) =>
    `${formatCount(numbers_received)} in inventory and ${formatCount(assigned)} assigned on ${day}`;
  return lines(
    months.map(labelOf),
    [
      { name: 'in NRUF inventory', values: months.map(({ numbers_received }) => numbers_received) },
      { name: 'assigned', values: months.map(({ assigned }) => assigned) },
    ],
    {
      caption: 'Numbers in the NRUF inventory and numbers assigned at the end of each month, and today',
      alternative: `Line chart: from ${describe(first)} to ${describe(last)}. The following table has the numbers.`,
    },
  );
}

function movementsChart(months: readonly MonthEnd[]): Html {
  const sum = (of: (month: MonthEnd) => number | null) => months.reduce((total, month) => total + (of(month) ?? 0), 0);
  const added = formatCount(sum((month) => month.added));
  const removed = formatCount(sum((month) => month.removed));
  return columns(
    months.map(labelOf),
    [
      { name: `added: ${added} in all`, values: months.map((month) => month.added ?? 0) },
      { name: `removed: ${removed} in all`, values: months.map((month) => month.removed ?? 0), isBelow: true },
    ],
    {
      caption: 'Numbers added and removed each month',
      alternative: `Column chart: ${added} numbers added and ${removed} removed in ${months.length} months. The following table has the numbers.`,
      note: 'All numbers held, including those that NRUF leaves out. A number that leaves and comes back counts in both.',
    },
    { every: { wide: 3, narrow: 8 } },
  );
}

function monthsTable(months: readonly MonthEnd[]): Html {
  const count = (value: number | null) => (value === null ? '' : formatCount(value));
  return table<MonthEnd>({
    id: 'months',
    caption: 'Numbers at the end of each month, latest first',
    columns: [
      { title: 'Day', cell: ({ day }) => html`<time>${day}</time>` },
      { title: 'Held', numeric: true, cell: ({ held }) => formatCount(held) },
      { title: 'Added', numeric: true, cell: ({ added }) => count(added) },
      { title: 'Removed', numeric: true, cell: ({ removed }) => count(removed) },
      { title: 'In inventory', numeric: true, cell: ({ numbers_received }) => formatCount(numbers_received) },
      { title: 'Assigned', numeric: true, cell: ({ assigned }) => formatCount(assigned) },
      {
        title: 'Utilization',
        numeric: true,
        cell: ({ utilization_percent }) => (utilization_percent === null ? '' : `${utilization_percent}%`),
      },
    ],
    rows: [...months].reverse(),
  });
}
