import { formatCount } from '../../format.js';
import { percentBars } from '../charts.js';
import { type Html, html } from '../html.js';
import { type Scope, shownUtilization } from '../scope.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** The sums of `nruf_utilization`. */
export interface Counts {
  blocks: number;
  numbers_received: number;
  assigned: number;
  intermediate: number;
  reserved: number;
  aging: number;
  administrative: number;
  available: number;
  undeclared: number;
  utilization_percent: number;
}

export interface PlaceCounts extends Counts {
  state: string | undefined;
  /** Undefined if unknown, and in the counts of a state. */
  rateCenter: string | undefined;
}

export interface Utilization {
  /** Undefined if there are no numbers. */
  total: Counts | undefined;
  states: readonly PlaceCounts[];
  /** The rate centers with the most numbers. */
  rateCenters: readonly PlaceCounts[];
  rateCenterCount: number;
}

const numberColumns = [
  ...['numbers_received', 'assigned', 'intermediate', 'reserved', 'aging', 'administrative', 'available'],
  'undeclared',
] as const;

const rateCentersShown = 50;
const statesCharted = 60;
const rateCentersCharted = 25;

export async function readUtilization({ client, account, day }: Scope): Promise<Utilization> {
  const sums = numberColumns.map((name) => `sum(${name})::float8 as ${name}`).join(', ');
  const { rows } = await client.query(
    `select grouping(state, rate_center) as level, state, rate_center, count(*)::float8 as blocks, ${sums},
            round(sum(assigned) * 100.0 / sum(numbers_received), 2)::float8 as utilization_percent
       from nruf_utilization($1::date, $2)
      group by grouping sets ((), (state), (state, rate_center))
     having count(*) > 0
      order by sum(numbers_received) desc, state, rate_center`,
    [day, account ?? null],
  );
  const of = (level: number): PlaceCounts[] =>
    rows
      .filter((row) => row.level === level)
      .map(({ level: _, state, rate_center, ...counts }) => ({
        ...counts,
        state: state ?? undefined,
        rateCenter: rate_center ?? undefined,
      }));
  const rateCenters = of(0);
  return {
    total: of(3)[0],
    states: of(1),
    rateCenters: rateCenters.slice(0, rateCentersShown),
    rateCenterCount: rateCenters.length,
  };
}

export async function utilizationSection(scope: Scope, found: Utilization): Promise<Section> {
  const id = 'utilization';
  const title = 'Utilization';
  const { total, states, rateCenters, rateCenterCount } = found;
  if (total === undefined) return { id, title, content: html`<p>No numbers in the inventory on ${scope.day}.</p>` };
  const content = html`<p>Numbers in the inventory at the end of ${scope.day} (UTC), based on what the ledger knows now. Excluded: numbers that other carriers report
(ported in, imported, hosted), toll-free numbers, and numbers outside the United States. Utilization is assigned ÷ received. Unassigned
numbers age for 45 days.</p>
${totalsTable(total)}
<h3>By state</h3>
${await barsOf('Utilization by state (%)', states, statesCharted, stateOf)}
${placesTable('states', 'Utilization by state', [{ title: 'State', cell: stateOf }], states)}
<h3>By rate center</h3>
${await barsOf('Utilization by rate center (%)', rateCenters, rateCentersCharted, nameOf)}
${placesTable(
  'rate-centers',
  'Utilization by rate center',
  [
    { title: 'Rate center', cell: ({ rateCenter }: PlaceCounts) => rateCenter ?? 'unknown' },
    { title: 'State', cell: stateOf },
  ],
  rateCenters,
  {
    count: rateCenterCount,
    sql: `select state, rate_center, sum(numbers_received) as numbers_received, sum(assigned) as assigned,
  round(sum(assigned) * 100.0 / sum(numbers_received), 2) as utilization_percent
from ${shownUtilization(scope)} group by 1, 2 order by 3 desc`,
  },
)}`;
  return { id, title, content };
}

const stateOf = ({ state }: PlaceCounts) => state ?? 'unknown';
const nameOf = ({ rateCenter, state }: PlaceCounts) => `${rateCenter ?? 'unknown'}, ${state ?? 'unknown'}`;

function totalsTable(total: Counts): Html {
  return placesTable(
    'totals',
    'All blocks',
    [{ title: 'Blocks', cell: ({ blocks }: Counts) => formatCount(blocks) }],
    [total],
  );
}

function placesTable<Row extends Counts>(
  id: string,
  caption: string,
  names: readonly { title: string; cell(row: Row): string }[],
  rows: readonly Row[],
  all?: { count: number; sql: string },
): Html {
  return table<Row>({
    id,
    caption,
    columns: [
      ...names,
      ...numberColumns.map((name) => ({
        title: name === 'numbers_received' ? 'Received' : `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
        numeric: true,
        cell: (row: Row) => formatCount(row[name]),
      })),
      { title: 'Utilization', numeric: true, cell: (row) => `${row.utilization_percent.toFixed(2)}%` },
    ],
    rows,
    ...(all !== undefined && { all }),
  });
}

function barsOf(
  caption: string,
  places: readonly PlaceCounts[],
  most: number,
  label: (place: PlaceCounts) => string,
): Promise<Html> {
  const shown = places.slice(0, most);
  const bars = shown.map((place) => ({ label: label(place), percent: place.utilization_percent }));
  const sorted = [...bars].sort((a, b) => a.percent - b.percent);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  const range =
    lowest === undefined || highest === undefined
      ? ''
      : `, from ${lowest.percent.toFixed(2)}% in ${lowest.label} to ${highest.percent.toFixed(2)}% in ${highest.label}`;
  const which =
    shown.length < places.length ? `: the ${shown.length} with the most numbers` : ', in descending order of numbers';
  return percentBars(bars, {
    caption: `${caption}${which}`,
    alternative: `Bar chart: ${caption}, ${bars.length} bars${range}. The following table has the numbers.`,
  });
}
