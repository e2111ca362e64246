import { portins } from '../../dashboard/resources/portins.js';
import { formatCount } from '../../format.js';
import { isOpen, openOrders } from '../../sync/orders-to-read.js';
import { columns } from '../charts/columns.js';
import { type Html, html } from '../html.js';
import { accountColumn, type Scope, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { ageHtml, formatDays, mostRows, table } from '../table.js';

interface OpenPortin {
  account_id: string;
  order_id: string;
  status: string | null;
  losing_carrier_name: string | null;
  count_of_tns: number | null;
  order_date: Date | null;
  requested_foc_date: Date | null;
  error_code: string | null;
  /** The latest event of its history; all null if none is stored. */
  event_at: Date | null;
  event_status: string | null;
  event_note: string | null;
  stuck: boolean;
}

/** Open port-ins of about the same age. */
interface AgeGroup {
  /** Index in `ages`; null: the order date is unknown. */
  age: number | null;
  stuck: number;
  others: number;
  /** Days since the oldest stuck one was placed; null if there is none. */
  oldest_stuck: number | null;
}

export interface Portins {
  groups: readonly AgeGroup[];
  /** Stuck ones first, then by age, oldest first. */
  open: readonly OpenPortin[];
}

/** First day of each age, with its label. */
const ages = [
  { from: 0, label: '0–7' },
  { from: 8, label: '8–14' },
  { from: 15, label: '15–30' },
  { from: 31, label: '31–60' },
  { from: 61, label: '61–90' },
  { from: 91, label: 'over 90' },
] as const;

/** The condition of the concern in the description: they wait for the customer. */
const stuck = portins.concerns.map(({ condition }) => `(${condition})`).join(' or ');

/** The columns of the latest event, and the join that finds it. */
const eventColumns = 'e.occurred_at as event_at, e.status as event_status, coalesce(e.note, e.note_code) as event_note';
const lastEvent = `left join lateral (
  select * from order_history h
  where h.account_id = t.account_id and h.order_kind = '${portins.table}' and h.order_id = t.order_id
  order by h.occurred_at desc nulls last, h.event_number desc limit 1) as e on true`;

export async function readPortins({ client, account, day }: Scope): Promise<Portins> {
  const open = `from ${portins.table} t where ($1::text is null or t.account_id = $1) and ${openOrders(portins.details)}`;
  const groups = await client.query<AgeGroup>(
    `select width_bucket(greatest(age, 0), $3::integer[]) - 1 as age, count(*) filter (where stuck)::float8 as stuck,
            count(*) filter (where not stuck)::float8 as others, max(greatest(age, 0)) filter (where stuck) as oldest_stuck
       from (select $2::date - (t.order_date at time zone 'UTC')::date as age, coalesce(${stuck}, false) as stuck ${open}) as o
      group by 1 order by 1`,
    [account ?? null, day, ages.map(({ from }) => from)],
  );
  const rows = await client.query<OpenPortin>(
    `select t.*, ${eventColumns}
       from (select account_id, order_id, status, losing_carrier_name, count_of_tns, order_date, requested_foc_date, error_code,
                    coalesce(${stuck}, false) as stuck ${open}
              order by 9 desc, order_date nulls first, account_id, order_id limit $2) as t
       ${lastEvent}
      order by t.stuck desc, t.order_date nulls first, t.account_id, t.order_id`,
    [account ?? null, mostRows],
  );
  return { groups: groups.rows, open: rows.rows };
}

export function portinsSection(scope: Scope, { groups, open }: Portins): Section {
  const id = 'port-ins';
  const title = 'Open port-ins';
  const sum = (of: (group: AgeGroup) => number) => groups.reduce((total, group) => total + of(group), 0);
  const [stuckCount, count] = [sum((group) => group.stuck), sum((group) => group.stuck + group.others)];
  const oldest = Math.max(...groups.map(({ oldest_stuck }) => oldest_stuck ?? -1));
  const figures = [
    {
      label: 'Port-ins stuck',
      value: formatCount(stuckCount),
      note: `of ${formatCount(count)} open${oldest < 0 ? '' : `, the oldest placed ${formatAge(oldest)}`}`,
      isProblem: stuckCount > 0,
    },
  ];
  if (count === 0) return { id, title, figures, content: html`<p>No port-in is open.</p>` };
  const isDated = groups.every(({ age }) => age !== null);
  const labels = [...ages.map(({ label }) => label), ...(isDated ? [] : ['unknown'])];
  const values = (of: (group: AgeGroup) => number) =>
    labels.map((_, index) => {
      const group = groups.find(({ age }) => (age ?? ages.length) === index);
      return group === undefined ? 0 : of(group);
    });
  const content = html`${columns(
    labels,
    [
      { name: `other statuses: ${formatCount(count - stuckCount)}`, values: values((group) => group.others) },
      { name: `stuck: ${formatCount(stuckCount)}`, values: values((group) => group.stuck) },
    ],
    {
      caption: 'Open port-ins by age in days since the order',
      alternative: `Column chart: ${formatCount(count)} open port-ins, ${formatCount(stuckCount)} of them stuck. The following table has the numbers.`,
      note: 'Stuck: in EXCEPTION, which requires a response. Drafts count as open.',
    },
    { every: { wide: 1, narrow: 1 }, labeled: true },
  )}
${table<OpenPortin>({
  id: 'open-portins',
  caption: 'Open port-ins: stuck ones first, then by age',
  columns: [
    { title: 'Order', cell: ({ order_id }) => order_id },
    accountColumn(scope, ({ account_id }) => account_id),
    { title: 'Status', cell: ({ status }) => status ?? 'unknown' },
    { title: 'Losing carrier', cell: ({ losing_carrier_name }) => losing_carrier_name ?? 'unknown' },
    {
      title: 'Numbers',
      numeric: true,
      cell: ({ count_of_tns }) => (count_of_tns === null ? '' : formatCount(count_of_tns)),
    },
    { title: 'Placed', cell: ({ order_date }) => (order_date === null ? 'unknown' : ageHtml(order_date, scope.day)) },
    {
      title: 'Requested FOC date',
      cell: ({ requested_foc_date }) => (requested_foc_date === null ? '' : ageHtml(requested_foc_date, scope.day)),
    },
    { title: 'Error code', cell: ({ error_code }) => error_code ?? '' },
    { title: 'Last event', cell: (order) => eventHtml(order, scope.day) },
  ],
  rows: open,
  all: {
    count,
    sql: `select t.*, ${eventColumns}
from (
  select account_id, order_id, status, losing_carrier_name, count_of_tns, order_date, requested_foc_date, error_code,
    coalesce(${stuck}, false) as stuck
  from ${portins.table} t
  where ${isOpen(portins.details)}${shownCondition(scope, 'and')}) as t
${lastEvent}
order by t.stuck desc, t.order_date nulls first`,
  },
})}`;
  return { id, title, figures, content };
}

/** Empty if the history wasn't read, or has nothing. */
function eventHtml({ status, event_at, event_status, event_note }: OpenPortin, day: Scope['day']): Html {
  const what = [event_status === status ? null : event_status, event_note].filter((text) => text !== null).join(': ');
  return html`${event_at === null ? '' : ageHtml(event_at, day)} ${what}`;
}

const formatAge = (days: number) => (days === 0 ? 'today' : `${formatDays(days)} ago`);
