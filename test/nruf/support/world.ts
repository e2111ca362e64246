import fc from '../../support/fast-check.js';
import type { CountingLedger } from './ledger.js';

/** The life of a number in one account. Times are in hours since the start of day 0. */
export interface Life {
  account: string;
  number: string;
  rateCenter: string | null;
  state: string | null;
  statuses: { status: string; from: number; to: number | undefined }[];
  declarations: { status: 'ASSIGNED' | 'UNASSIGNED'; from: number; to: number | undefined }[];
  categories: { category: string; fromDay: number; toDay: number | undefined }[];
  ports: Port[];
  /** The owner account in the number details; null: the account itself. */
  owner: string | null;
  /** Completed imports, each with the time of its removal. */
  imports: { from: number; to: number | undefined }[];
  /** Number orders that added it; `at` is undefined if the order has no date. */
  orders: { at: number | undefined; status: string }[];
}

export interface Port {
  ordered: number | undefined;
  done: number | undefined;
  changed: number;
  carrier: string;
  status: string;
  type: string | null;
  internal: boolean | null;
}

export const days = 40;
const epoch = Date.UTC(2026, 0, 1);
export const moment = (hours: number) => new Date(epoch + hours * 3_600_000).toISOString();
export const dayText = (day: number) => moment(day * 24).slice(0, 10);

const blocks = [
  ...['9195550', '9195550', '9195551', '5035550', '5215550', '8005550', '9005550', '+44203', '1195550'],
  // San Juan, Toronto, Bermuda, and an area code that is not in area_codes.
  ...['7875550', '4165550', '4415550', '2305550'],
];
const hour = fc.oneof(
  fc.integer({ min: 0, max: days * 24 }),
  fc.integer({ min: 0, max: days }).map((day) => day * 24),
);

/** Distinct times in ascending order, as boundaries of intervals. */
const times = (most: number) => fc.uniqueArray(hour, { maxLength: most }).map((list) => list.sort((a, b) => a - b));

const statuses = fc
  .tuple(
    times(6),
    fc.array(fc.constantFrom('Inservice', 'Inservice', 'InAccount', 'Aging', 'Reserved'), {
      minLength: 6,
      maxLength: 6,
    }),
    fc.boolean(),
  )
  .map(([cuts, names, gaps]) =>
    cuts.flatMap((from, index) =>
      gaps && index % 2 === 1 ? [] : [{ status: names[index] as string, from, to: cuts[index + 1] }],
    ),
  );

const declarations = fc
  .tuple(
    times(6),
    fc.array(fc.constantFrom('ASSIGNED' as const, 'UNASSIGNED' as const), { minLength: 6, maxLength: 6 }),
    fc.integer({ min: 0, max: 6 }),
  )
  .map(([cuts, names, gap]) =>
    cuts.flatMap((from, index) =>
      index === gap ? [] : [{ status: names[index] as 'ASSIGNED', from, to: cuts[index + 1] }],
    ),
  );

const categories = fc
  .tuple(
    fc.uniqueArray(fc.integer({ min: 0, max: days }), { maxLength: 3 }),
    fc.constantFrom('intermediate', 'reserved', 'administrative', 'aging'),
    fc.boolean(),
  )
  .map(([cuts, category, open]) => {
    const sorted = cuts.sort((a, b) => a - b);
    const first = sorted[0];
    if (first === undefined) return [];
    return [{ category, fromDay: first, toDay: open ? undefined : (sorted[1] ?? first + 1) }];
  });

const ports = fc.array(
  fc.record({
    ordered: fc.option(hour, { nil: undefined }),
    done: fc.option(hour, { nil: undefined }),
    changed: hour,
    carrier: fc.constantFrom('Bandwidth CLEC', 'Bandwidth.com', 'Mock Carrier', 'Narrowbandwidth Inc'),
    status: fc.constantFrom('COMPLETE', 'COMPLETE', 'FOC', 'CANCELLED'),
    type: fc.constantFrom(null, 'AUTOMATED', 'INTERNAL'),
    internal: fc.constantFrom(null, null, false, true),
  }),
  { maxLength: 1 },
);

const imports = times(2).map(([from, to]) => (from === undefined ? [] : [{ from, to }]));

const orders = fc.array(
  fc.record({
    at: fc.option(hour, { nil: undefined }),
    status: fc.constantFrom('COMPLETE', 'PARTIAL', 'FAILED'),
  }),
  { maxLength: 1 },
);

/** A list that is empty three times out of four. */
const rarely = <T>(list: fc.Arbitrary<T[]>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: list });

const life = (account: fc.Arbitrary<string>): fc.Arbitrary<Life> =>
  fc.record({
    account,
    number: fc
      .tuple(fc.constantFrom(...blocks), fc.integer({ min: 0, max: 4 }))
      .map(([block, last]) => `${block}00${last}`),
    rateCenter: fc.constantFrom('RALEIGH', 'DURHAM', null),
    state: fc.constantFrom('NC', 'NC', 'ON', null),
    statuses,
    declarations,
    categories,
    ports: rarely(ports),
    owner: fc.constantFrom(null, null, null, '9900001', '7700001'),
    imports: rarely(imports),
    orders: rarely(orders),
  });

/** Lives of distinct numbers per account; accounts may share a number. */
export const world = (accounts: readonly string[]): fc.Arbitrary<Life[]> =>
  fc.uniqueArray(life(fc.constantFrom(...accounts)), {
    minLength: 1,
    maxLength: 12,
    selector: ({ account, number }) => `${account} ${number}`,
  });

/** Writes lives into the tables; `known` is when the ledger recorded them. */
export async function writeLives(ledger: CountingLedger, lives: readonly Life[], known?: string): Promise<void> {
  const when = <K extends string>(column: K) => (known === undefined ? {} : { [column]: known });
  const key = ({ account, number }: Life) => ({ account_id: account, telephone_number: number });
  const interval = ({ from, to }: { from: number; to: number | undefined }) => ({
    valid_from: moment(from),
    valid_to: to === undefined ? null : moment(to),
  });
  await ledger.insert(
    'telephone_numbers',
    lives.map((each) => ({
      ...key(each),
      status: 'Inservice',
      rate_center: each.rateCenter,
      state: each.state,
      owner_account_id: each.owner,
      ...when('first_seen_at'),
    })),
  );
  await ledger.insert(
    'number_status_history',
    lives.flatMap((each) =>
      each.statuses.map((one) => ({ ...key(each), status: one.status, ...interval(one), ...when('recorded_from') })),
    ),
  );
  await ledger.insert(
    'number_assignment_history',
    lives.flatMap((each) =>
      each.declarations.map((one) => ({
        ...key(each),
        assignment_status: one.status,
        order_id: 'a',
        ...interval(one),
        ...when('recorded_from'),
      })),
    ),
  );
  await ledger.insert(
    'number_categories',
    lives.flatMap((each) =>
      each.categories.map((one) => ({
        ...key(each),
        category: one.category,
        valid_from: moment(one.fromDay * 24),
        valid_to: one.toDay === undefined ? null : moment(one.toDay * 24),
        overridden: false,
        ...when('recorded_from'),
      })),
    ),
  );
  for (const each of lives) {
    for (const [index, port] of each.ports.entries()) {
      const order = { account_id: each.account, order_id: `${each.number}-${index}` };
      await ledger.insert('portins', [
        {
          ...order,
          status: port.status,
          losing_carrier_name: port.carrier,
          port_type: port.type,
          internal: port.internal,
          order_date: port.ordered === undefined ? null : moment(port.ordered),
          actual_foc_date: port.done === undefined ? null : moment(port.done),
          last_modified_date: moment(port.changed),
          first_seen_at: known ?? moment(0),
          changed_at: known ?? moment(0),
        },
      ]);
      await ledger.insert('portins_numbers', [
        { ...order, telephone_number: each.number, first_seen_at: known ?? moment(0) },
      ]);
    }
    for (const [index, { at, status }] of each.orders.entries()) {
      const order = {
        account_id: each.account,
        order_id: `${each.number}-${index}`,
        first_seen_at: known ?? moment(0),
      };
      await ledger.insert('orders', [
        { ...order, status, order_date: at === undefined ? null : moment(at), changed_at: known ?? moment(0) },
      ]);
      await ledger.insert('orders_numbers', [{ ...order, telephone_number: each.number }]);
    }
    for (const [index, { from, to }] of each.imports.entries()) {
      const place = (table: string, at: number, action?: string) =>
        placeImport(ledger, { table, action, id: `${each.number}-${index}-${action}` }, each, at);
      // Either kind of order may end what either began.
      const [isExternal, endsExternal] = [from % 2 === 0, index % 2 === 0];
      await (isExternal ? place('external_tns', from, 'IMPORT') : place('import_tn_orders', from));
      if (to === undefined) continue;
      await (endsExternal ? place('external_tns', to, 'REMOVE') : place('remove_imported_tn_orders', to));
    }
  }
}

/** Writes a completed import order or a completed removal. */
async function placeImport(
  ledger: CountingLedger,
  { table, id, action }: { table: string; id: string; action: string | undefined },
  { account, number }: Life,
  at: number,
): Promise<void> {
  const order = { account_id: account, order_id: id };
  await ledger.insert(table, [
    {
      ...order,
      ...(action && { action }),
      status: 'COMPLETE',
      order_date: moment(at),
      first_seen_at: moment(0),
      changed_at: moment(0),
    },
  ]);
  await ledger.insert(`${table}_numbers`, [{ ...order, telephone_number: number, outcome: 'ACCEPTED' }]);
}

/** The tables of orders; `<table>_numbers` has the numbers of each order. */
export const orderTables = ['portins', 'orders', 'import_tn_orders', 'remove_imported_tn_orders', 'external_tns'];

export const emptyTables = (ledger: CountingLedger) =>
  ledger.query(
    `truncate telephone_numbers, number_status_history, number_assignment_history, number_categories, number_categories_superseded,
       number_status_history_superseded, number_assignment_history_superseded, ${orderTables.map((table) => `${table}, ${table}_numbers`).join(', ')}`,
  );
