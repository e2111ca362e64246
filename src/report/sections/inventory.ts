import { formatCount } from '../../format.js';
import { html } from '../html.js';
import { type Scope, shownCall, shownCondition } from '../scope.js';
import type { Section } from '../section.js';
import { sqlText, table } from '../table.js';

/** Numbers that are held but not in the inventory that is reported to the FCC. */
export interface Difference {
  reason: string;
  numbers: number;
  /** Those marked ASSIGNED at Bandwidth. */
  marked: number;
  /** By the rules of counting; otherwise somebody should look at it. */
  isExplained: boolean;
}

/** How the numbers held relate to the inventory for NRUF: `held` less all of `leftOut` plus `gone` is `inventory`. */
export interface Inventory {
  /** Numbers that the in-service list or the details name. */
  held: number;
  /** Those of them marked ASSIGNED at Bandwidth. */
  marked: number;
  /** By reason, most numbers first. */
  leftOut: readonly Difference[];
  /** Numbers in the inventory at the end of the day, but not held any more. */
  gone: number;
  /** The sum of `numbers_received` of `nruf_utilization`. */
  inventory: number;
  /** Numbers in the inventory that are marked ASSIGNED at Bandwidth. */
  inventoryMarked: number;
  /** The sum of `assigned` of `nruf_utilization`. */
  assigned: number;
}

const statusPrefix = 'status ';
const noHistory = 'no history';

/** The values of `left_out` in `nruf_held_and_counted`, for the reader. */
const descriptions: Readonly<Record<string, string>> = {
  'ported in': 'ported in: they are in the block of another carrier, which reports them',
  imported: 'imported: another carrier reports them',
  hosted: 'hosted: they belong to another account',
  'toll-free': 'toll-free',
  '900': 'area code 900',
  '5XX': 'non-geographic area code (5XX)',
  'not United States': 'outside the United States and its territories',
  'not NANP': 'not North American numbers',
  'other account': 'also held by another account, which counts them',
  [noHistory]: 'no time in service at the end of this day in the history',
};

interface Counted {
  held: boolean;
  category: string | null;
  left_out: string | null;
  marked_assigned: boolean;
  numbers: number;
}

export async function readInventory({ client, account, day }: Scope): Promise<Inventory> {
  const { rows } = await client.query<Counted>(
    'select held, category, left_out, marked_assigned, numbers::float8 from nruf_held_and_counted($1, $2)',
    [day, account ?? null],
  );
  const sum = (wanted: (row: Counted) => boolean) =>
    rows.filter(wanted).reduce((total, { numbers }) => total + numbers, 0);
  const reasons = [...new Set(rows.flatMap(({ held, left_out }) => (held && left_out !== null ? [left_out] : [])))];
  const leftOut = reasons.map((reason) => ({
    reason: describe(reason),
    isExplained: reason !== noHistory,
    numbers: sum(({ held, left_out }) => held && left_out === reason),
    marked: sum(({ held, left_out, marked_assigned }) => held && left_out === reason && marked_assigned),
  }));
  return {
    held: sum(({ held }) => held),
    marked: sum(({ held, marked_assigned }) => held && marked_assigned),
    leftOut: leftOut.sort((one, other) => other.numbers - one.numbers || (one.reason < other.reason ? -1 : 1)),
    gone: sum(({ held, category }) => !held && category !== null),
    inventory: sum(({ category }) => category !== null),
    inventoryMarked: sum(({ category, marked_assigned }) => category !== null && marked_assigned),
    assigned: sum(({ category }) => category === 'assigned'),
  };
}

function describe(reason: string): string {
  if (reason.startsWith(statusPrefix)) return `status ${reason.slice(statusPrefix.length)}: not in service`;
  return descriptions[reason] ?? reason;
}

/** Returns the numbers held that the inventory leaves out, with the reason. */
export function leftOutSql(scope: Scope): string {
  return `select account_id, telephone_number, t.status, t.assignment_status, c.left_out
from telephone_numbers t left join ${shownCall(scope, 'nruf_number_categories')} c using (account_id, telephone_number)
where t.removed_at is null and c.category is null${shownCondition(scope, 'and')}
order by c.left_out, account_id, telephone_number`;
}

/** The differences that no rule explains. */
export function unexplained({ leftOut, gone }: Inventory): number {
  return leftOut.filter(({ isExplained }) => !isExplained).reduce((sum, { numbers }) => sum + numbers, gone);
}

export function inventorySection(scope: Scope, found: Inventory): Section {
  const { held, marked, leftOut, gone, inventory, inventoryMarked, assigned } = found;
  const id = 'inventory';
  const title = 'Numbers held and NRUF inventory';
  const figures = [
    {
      label: 'Marked assigned',
      value: formatCount(marked),
      note: held === 0 ? 'no numbers' : `${((100 * marked) / held).toFixed(1)}% of the numbers held`,
    },
  ];
  if (held === 0 && inventory === 0) return { id, title, figures, content: html`<p>No numbers are held.</p>` };
  const rows = [
    { name: 'Numbers held', numbers: held, marked, sign: '' },
    ...leftOut.map(({ reason, ...counts }) => ({ name: `Left out: ${reason}`, ...counts, sign: '−' })),
    ...(gone === 0
      ? []
      : [
          {
            name: 'Counted: in service at the end of this day in the history, but not held any more',
            numbers: gone,
            marked: 0,
            sign: '+',
          },
        ]),
    { name: 'NRUF inventory', numbers: inventory, marked: inventoryMarked, sign: '' },
  ];
  const content = html`<p>NRUF counts only numbers in the company's own blocks in the United States, and each once. ${describeDifference(found)} The forms report ${formatCount(assigned)} as assigned${
    inventoryMarked === assigned
      ? '.'
      : html`; ${formatCount(inventoryMarked)} of the numbers counted are marked ASSIGNED. Numbers with another category (<code>tn-ledger classify</code>) and numbers that are no longer held make the difference.`
  }</p>
${table<(typeof rows)[number]>({
  id: 'left-out',
  caption: `From the numbers held to the NRUF inventory on ${scope.day}`,
  columns: [
    { title: 'What', cell: ({ name }) => name },
    { title: 'Numbers', numeric: true, cell: ({ sign, numbers }) => signed(sign, numbers) },
    { title: 'Marked ASSIGNED', numeric: true, cell: ({ sign, marked: count }) => signed(sign, count) },
  ],
  rows,
  all: { count: rows.length, sql: `select * from ${shownCall(scope, 'nruf_held_and_counted')} order by numbers desc` },
})}${leftOut.length === 0 ? '' : html`<p class="left-out">To list the numbers that are left out:</p>\n${sqlText(leftOutSql(scope))}`}`;
  return { id, title, figures, content };
}

const signed = (sign: string, count: number) => `${count === 0 ? '' : sign}${formatCount(count)}`;

/** `421 of the 50,196 numbers held are left out.` */
export function describeDifference({ held, leftOut }: Inventory): string {
  const count = leftOut.reduce((sum, { numbers }) => sum + numbers, 0);
  if (count === 0) return 'None of the numbers held is left out.';
  return `${formatCount(count)} of the ${formatCount(held)} numbers held ${count === 1 ? 'is' : 'are'} left out.`;
}
