import { capitalize, formatCount } from '../../format.js';
import { deviations } from '../charts/deviations.js';
import { meter } from '../charts/small.js';
import { isOnMap, tileMap } from '../charts/tile-map.js';
import { type Html, html } from '../html.js';
import { type Scope, shownCall } from '../scope.js';
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
  /** By the number of numbers, largest first. */
  rateCenters: readonly PlaceCounts[];
}

const numberColumns = [
  ...['numbers_received', 'assigned', 'intermediate', 'reserved', 'aging', 'administrative', 'available'],
  'undeclared',
] as const;

/**
 * Carriers must use this share of their numbers in a rate center before they get more there: 47 CFR 52.15(h), 60% in 2001
 * and 5% more each year up to 75%.
 */
const growthThreshold = 75;

const rateCentersCharted = 20;

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
  return { total: of(3)[0], states: of(1), rateCenters: of(0) };
}

export function utilizationSection(scope: Scope, found: Utilization): Section {
  const id = 'utilization';
  const title = 'Utilization';
  const { total, states, rateCenters } = found;
  if (total === undefined) {
    const figures = [{ label: 'Utilization', value: 'none', note: 'no numbers in the inventory' }];
    return { id, title, figures, content: html`<p>No numbers in the inventory on ${scope.day}.</p>` };
  }
  const enough = rateCenters.filter(({ utilization_percent }) => utilization_percent >= growthThreshold).length;
  const figures = [
    {
      label: 'Utilization',
      value: `${total.utilization_percent.toFixed(2)}%`,
      note: `${formatCount(enough)} of ${formatCount(rateCenters.length)} rate ${rateCenters.length === 1 ? 'center' : 'centers'} at ${growthThreshold}% or more`,
      picture: meter(total.utilization_percent, growthThreshold),
    },
  ];
  const sums = `sum(numbers_received) as numbers_received, sum(assigned) as assigned,
  round(sum(assigned) * 100.0 / sum(numbers_received), 2) as utilization_percent
from ${shownCall(scope, 'nruf_utilization')}`;
  const content = html`<p>Numbers in the NRUF inventory at the end of ${scope.day} (UTC), based on what the ledger knows now. Utilization is assigned ÷ received. Unassigned
numbers age for 45 days. To get growth numbering resources in a rate center, a carrier must use ${growthThreshold}% of its numbers there (47 CFR 52.15(h)).</p>
${totalsTable(total)}
<h3>By state</h3>
${mapOf(states)}
${placesTable('states', 'Utilization by state', [{ title: 'State', cell: stateOf }], states, `select state, ${sums} group by 1 order by 2 desc, 1`)}
<h3>By rate center</h3>
${chartOf(rateCenters, total)}
${placesTable(
  'rate-centers',
  'Utilization by rate center',
  placeColumns,
  rateCenters,
  `select state, rate_center, ${sums} group by 1, 2 order by 3 desc, 1, 2`,
)}`;
  return { id, title, figures, content };
}

const stateOf = ({ state }: PlaceCounts) => state ?? 'unknown';
/** The columns that name a rate center. */
export const placeColumns = [
  { title: 'Rate center', cell: ({ rateCenter }: PlaceCounts) => rateCenter ?? 'unknown' },
  { title: 'State', cell: stateOf },
] as const;

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
  sql?: string,
): Html {
  return table<Row>({
    id,
    caption: rows.length > 1 ? `${caption}, most numbers first` : caption,
    columns: [
      ...names,
      ...numberColumns.map((name) => ({
        title: titles[name] ?? capitalize(name),
        numeric: true,
        cell: (row: Row) => formatCount(row[name]),
      })),
      { title: 'Utilization', numeric: true, cell: (row) => `${row.utilization_percent.toFixed(2)}%` },
    ],
    rows,
    ...(sql !== undefined && { all: { count: rows.length, sql } }),
  });
}

const titles: Partial<Record<(typeof numberColumns)[number], string>> = {
  numbers_received: 'Received',
  administrative: 'Admin.',
  undeclared: 'Never marked',
};

const numbersOf = (places: readonly PlaceCounts[]) =>
  places.reduce((sum, { numbers_received }) => sum + numbers_received, 0);

function mapOf(states: readonly PlaceCounts[]): Html {
  const shown = states.filter(({ state }) => isOnMap(state));
  const others = states.filter(({ state }) => !isOnMap(state));
  const sorted = [...shown].sort((a, b) => a.utilization_percent - b.utilization_percent);
  const [lowest, highest] = [sorted[0], sorted.at(-1)];
  const describe = (place: PlaceCounts) => `${place.utilization_percent.toFixed(2)}% in ${stateOf(place)}`;
  const range =
    lowest === undefined || highest === undefined ? '' : `, from ${describe(lowest)} to ${describe(highest)}`;
  return tileMap(new Map(shown.map(({ state, utilization_percent }) => [state as string, utilization_percent])), {
    caption: 'Utilization by state and territory, rounded down',
    alternative: `Map chart: utilization of ${shown.length} ${shown.length === 1 ? 'state' : 'states'}${range}. The following table has the numbers.`,
    ...(others.length > 0 && {
      note: `Not on the map: ${formatCount(numbersOf(others))} numbers in ${others.map((place) => `${stateOf(place)} (${place.utilization_percent.toFixed(2)}%)`).join(', ')}.`,
    }),
  });
}

/** The rate centers furthest from the mean, highest first. */
function chartOf(rateCenters: readonly PlaceCounts[], total: Counts): Html | string {
  const mean = total.utilization_percent;
  // By chance, a rate center with few numbers is far from the mean; the chance decreases with the square root.
  const weight = ({ utilization_percent, numbers_received }: Counts) =>
    Math.abs(utilization_percent - mean) * Math.sqrt(numbers_received);
  const furthest = [...rateCenters]
    .sort((one, other) => weight(other) - weight(one) || (nameOf(one) < nameOf(other) ? -1 : 1))
    .slice(0, rateCentersCharted)
    .filter(({ utilization_percent }) => utilization_percent !== mean);
  if (furthest.length === 0) return '';
  const bars = furthest
    .sort((a, b) => b.utilization_percent - a.utilization_percent || (nameOf(a) < nameOf(b) ? -1 : 1))
    .map((place) => ({ label: nameOf(place), percent: place.utilization_percent }));
  const ends = [bars[0], bars.at(-1)].map((bar) => `${bar?.percent.toFixed(2)}% in ${bar?.label}`);
  return deviations(
    bars,
    { mean, threshold: growthThreshold },
    {
      caption: `The ${bars.length} rate centers furthest from the mean of ${mean.toFixed(2)}%`,
      alternative: `Bar chart: ${bars.length} rate centers, from ${ends.join(' to ')}. The following table has the numbers.`,
      note: 'Ordered by utilization. Chosen by the distance from the mean times the square root of the count, so that small rate centers with chance values do not crowd out the others.',
    },
  );
}
