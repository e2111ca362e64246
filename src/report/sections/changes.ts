import { orderDescriptions } from '../../dashboard/registry.js';
import { formatCount } from '../../format.js';
import { type Html, html } from '../html.js';
import { accountColumn, type Scope, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { ageHtml, mostRows, table, timeHtml } from '../table.js';
import type { Runs } from './runs.js';

/** The number of changes of one kind. */
export interface ChangeCount {
  /** The value of `change` in the view `night_changes`. */
  change: string;
  /** The table of the orders that caused it, if known. */
  orderKind: string | undefined;
  count: number;
}

export interface NumberChange {
  change: string;
  orderKind: string | undefined;
  account: string;
  telephoneNumber: string;
  rateCenter: string | undefined;
  state: string | undefined;
  happenedAt: Date | undefined;
  orderId: string | undefined;
}

export interface Changes {
  /** The time of the previous report, after which these changes were seen; for several accounts, the earliest. */
  since: Date | undefined;
  /** Accounts without an earlier run to compare with: all of their numbers would be new, so their changes aren't read. */
  newAccounts: readonly string[];
  /** There is no account with an earlier run. */
  isFirst: boolean;
  /** Numbers that came (or came back) and left. */
  added: number;
  removed: number;
  counts: readonly ChangeCount[];
  examples: readonly NumberChange[];
}

/** The changes in the view `night_changes`: those seen since the report of the last successful nightly run before the latest one. */
export async function readChanges({ client, account }: Scope, { runs }: Runs): Promise<Changes> {
  // A mistyped account ID has runs, and is left out.
  const shown = new Set(runs.map(({ account_id }) => account_id));
  const { rows: starts } = await client.query<{ account_id: string; since: Date | null }>(
    `select account_id, nullif(since, '-infinity') as since from night_changes_since
      where $1::text is null or account_id = $1 order by account_id`,
    [account ?? null],
  );
  const compared = starts.filter(({ since }) => since !== null);
  const accounts = [compared.map(({ account_id }) => account_id)];
  const counts = await client.query<{ change: string; order_kind: string | null; count: number }>(
    `select change, order_kind, count(*)::float8 as count from night_changes
      where account_id = any($1) group by change, order_kind order by change, order_kind`,
    accounts,
  );
  const examples = await client.query(
    `select c.change, c.order_kind, c.account_id, c.telephone_number, c.happened_at, c.order_id, t.rate_center, t.state
       from (
         select change, order_kind, account_id, telephone_number, happened_at, order_id,
                row_number() over (partition by change, order_kind order by account_id, telephone_number, seen_at) as place
           from night_changes
          where change in ('number new', 'number left', 'number back') and account_id = any($1)
       ) as c
       left join telephone_numbers t on t.account_id = c.account_id and t.telephone_number = c.telephone_number
      where c.place <= $2 order by c.change, c.order_kind, c.place`,
    [...accounts, mostRows],
  );
  const sum = (...kinds: string[]) =>
    counts.rows.filter(({ change }) => kinds.includes(change)).reduce((total, { count }) => total + count, 0);
  return {
    since: compared
      .map(({ since }) => since as Date)
      .reduce<Date | undefined>((one, other) => (one === undefined || other < one ? other : one), undefined),
    newAccounts: starts
      .filter(({ since, account_id }) => since === null && shown.has(account_id))
      .map(({ account_id }) => account_id),
    isFirst: compared.length === 0,
    added: sum('number new', 'number back'),
    removed: sum('number left'),
    counts: counts.rows.map(({ change, order_kind, count }) => ({ change, orderKind: order_kind ?? undefined, count })),
    examples: examples.rows.map((row) => ({
      change: row.change,
      orderKind: row.order_kind ?? undefined,
      account: row.account_id,
      telephoneNumber: row.telephone_number,
      rateCenter: row.rate_center ?? undefined,
      state: row.state ?? undefined,
      happenedAt: row.happened_at ?? undefined,
      orderId: row.order_id ?? undefined,
    })),
  };
}

/** Changes that an order causes. */
const orderDriven = ['number new', 'number back', 'number left'];

const ports = orderDescriptions.filter(({ isPort }) => isPort).map(({ table }) => table);

interface Group {
  id: string;
  title: string;
  /** Values of `change` in the view. */
  changes: readonly string[];
  ported: boolean;
}

const groups: readonly Group[] = [
  { id: 'new', title: 'New numbers', changes: ['number new', 'number back'], ported: false },
  { id: 'disconnected', title: 'Disconnected and removed numbers', changes: ['number left'], ported: false },
  {
    id: 'ported',
    title: 'Ported numbers',
    changes: orderDriven,
    ported: true,
  },
];

const isIn = ({ changes, ported }: Group, { change, orderKind }: Pick<ChangeCount, 'change' | 'orderKind'>) =>
  changes.includes(change) && ports.includes(orderKind ?? '') === ported;

export function changesSection(scope: Scope, changes: Changes): Section {
  const { counts, isFirst, newAccounts } = changes;
  const when = describeSince(changes);
  return {
    id: 'changes',
    title: 'Changes since the previous nightly run',
    content:
      counts.length === 0
        ? html`${when}${isFirst && newAccounts.length > 0 ? '' : html`<p>No changes.</p>`}`
        : html`${when}${countsTable(counts)}${groups.map((group) => examplesTable(scope, group, changes))}`,
  };
}

/** The accounts without an earlier run that are named. */
const accountsNamed = 5;

function describeSince({ since, newAccounts }: Changes): Html {
  const named = newAccounts.slice(0, accountsNamed).join(', ');
  const more = newAccounts.length - accountsNamed;
  return html`${
    since === undefined
      ? ''
      : html`<p>Changes seen since ${timeHtml(since)}, when the previous successful run made its report.</p>\n`
  }${
    newAccounts.length === 0
      ? ''
      : html`<p>Without an earlier successful run to compare with: ${newAccounts.length === 1 ? 'account' : 'accounts'} ${named}${more > 0 ? ` and ${formatCount(more)} more` : ''}. All numbers are new there, and not listed here.</p>\n`
  }`;
}

const orderTitles = new Map(orderDescriptions.map(({ table, titles }) => [table, titles.one]));

const nameOf = (orderKind: string | undefined) =>
  orderKind === undefined ? '' : (orderTitles.get(orderKind) ?? orderKind);

function countsTable(counts: readonly ChangeCount[]): Html {
  return table({
    id: 'change-counts',
    caption: 'Changes by kind',
    columns: [
      { title: 'Change', cell: ({ change }) => change },
      {
        title: 'By',
        cell: ({ change, orderKind }) => nameOf(orderKind) || (orderDriven.includes(change) ? 'unknown order' : ''),
      },
      { title: 'Count', numeric: true, cell: ({ count }) => formatCount(count) },
    ],
    rows: counts,
    isOpen: true,
  });
}

function examplesTable(scope: Scope, group: Group, { counts, examples }: Changes): Html {
  const all = counts.filter((count) => isIn(group, count)).reduce((sum, { count }) => sum + count, 0);
  if (all === 0) return html`<p>${group.title}: none.</p>\n`;
  const rows = examples.filter((example) => isIn(group, example)).slice(0, mostRows);
  const kinds = group.changes.map((change) => `'${change}'`).join(', ');
  const isPort = `coalesce(order_kind, '') in (${ports.map((table) => `'${table}'`).join(', ')})`;
  const sql = `select * from night_changes
where change in (${kinds}) and ${group.ported ? isPort : `not ${isPort}`}${
    scope.account === undefined
      ? `\n  and account_id in (select account_id from night_changes_since where since > '-infinity')`
      : shownCondition(scope, 'and')
  }`;
  return table<NumberChange>({
    id: `changes-${group.id}`,
    caption: `${group.title}: ${formatCount(all)}`,
    columns: [
      { title: 'Number', cell: ({ telephoneNumber }) => telephoneNumber },
      accountColumn(scope, ({ account }) => account),
      { title: 'Change', cell: ({ change }) => change },
      { title: 'Rate center', cell: ({ rateCenter }) => rateCenter ?? 'unknown' },
      { title: 'State', cell: ({ state }) => state ?? 'unknown' },
      {
        title: 'Date',
        cell: ({ happenedAt }) => (happenedAt === undefined ? 'unknown' : ageHtml(happenedAt, scope.day)),
      },
      {
        title: 'By',
        cell: ({ orderKind, orderId }) => `${nameOf(orderKind)} ${orderId ?? ''}`.trim() || 'unknown order',
      },
    ],
    rows,
    all: { count: all, sql },
  });
}
