import type { OrderDetailResource } from '../../../src/dashboard/resource.js';
import { bulkPortins } from '../../../src/sandbox/features/bulk-portins.js';
import { e911s } from '../../../src/sandbox/features/e911s.js';
import { lsrorders } from '../../../src/sandbox/features/lsrorders.js';
import type {
  SandboxAccount,
  SandboxAssignmentNumber,
  SandboxFeatureOrder,
  SandboxOrderBase,
} from '../../../src/sandbox/server.js';
import { account, type Ledger } from './ledger.js';

const day = 86_400_000;

/** The expected row of an order, with its numbers; by order id. */
export type ExpectedOrders = Map<string, Record<string, unknown>>;

const common = ({ customerOrderId, orderDate, lastModifiedDate, userId }: SandboxOrderBase) => ({
  customer_order_id: customerOrderId ?? null,
  order_date: orderDate,
  last_modified_date: lastModifiedDate,
  user_id: userId,
});

/** The expected rows of a kind of order, according to the sandbox. */
export function expectedOrders(held: SandboxAccount, kind: OrderDetailResource['kind']): ExpectedOrders {
  const expectation = expectations[kind];
  if (expectation === undefined) throw new TypeError(`expected-orders.ts says nothing of ${kind}.`);
  return new Map(expectation(held));
}

const expectations: Record<OrderDetailResource['kind'], (held: SandboxAccount) => [string, Record<string, unknown>][]> =
  {
    orders: (held) =>
      held.orders().map((order) => [
        order.orderId,
        {
          ...common(order),
          status: order.status,
          order_type: order.orderType,
          count_of_tns: order.countOfTns,
          name: order.name,
          site_id: order.siteId,
          peer_id: order.peerId ?? null,
          completed_quantity: order.countOfTns,
          failed_quantity: order.failedQuantity,
          order_complete_date: order.completedDate ?? null,
          back_order_requested: order.backOrderRequested,
          partial_allowed: order.partialAllowed,
          numbers: namesOf(order.numbers.filter(({ outcome }) => outcome === 'COMPLETED')),
        },
      ]),
    disconnects: (held) =>
      held.disconnects().map((order) => [
        order.orderId,
        {
          ...common(order),
          // No resource has it more exactly.
          last_modified_date: new Date(Math.floor(order.lastModifiedDate.getTime() / 1000) * 1000),
          status: order.status,
          order_type: order.orderType,
          count_of_tns: order.countOfTns,
          name: order.name,
          disconnect_mode: order.disconnectMode,
          protected: order.protected,
          numbers: namesOf(order.numbers.filter(({ outcome }) => outcome === 'DISCONNECTED')),
        },
      ]),
    portins: (held) =>
      held.portIns().map((order) => [
        order.orderId,
        {
          ...common(order),
          status: order.status,
          order_type: order.orderType,
          count_of_tns: order.countOfTns,
          losing_carrier_name: order.losingCarrierName,
          losing_carrier_is_wireless: order.losingCarrierIsWireless,
          billing_telephone_number: order.billingTelephoneNumber,
          requested_foc_date: order.requestedFocDate,
          actual_foc_date: order.actualFocDate ?? null,
          pon: order.pon,
          site_id: order.siteId,
          peer_id: order.peerId,
          vendor_id: order.vendorId,
          vendor_name: order.vendorName,
          partial_port: order.partialPort,
          triggered: order.triggered,
          port_type: order.portType,
          numbers: [...order.numbers].sort(),
        },
      ]),
    portouts: (held) =>
      held.portOuts().map((order) => [
        order.orderId,
        {
          ...common(order),
          status: order.status,
          order_type: order.orderType,
          count_of_tns: order.countOfTns,
          requested_foc_date: order.requestedFocDate,
          actual_foc_date: order.actualFocDate ?? null,
          pon: order.pon,
          spid: order.spid,
          error_code: order.errorCode,
          error_message: order.errorMessage,
          numbers: order.countOfTns === 0 ? [] : [order.telephoneNumber],
        },
      ]),
    number_assignments: (held) =>
      held.assignmentOrders().map((order) => [
        order.orderId,
        {
          ...common(order),
          // No resource has it.
          last_modified_date: null,
          status: order.status,
          action: order.action,
          total_quantity: order.totalQuantity,
          failed_quantity: order.numbers.some(({ outcome }) => outcome !== undefined) ? order.failedQuantity : null,
          numbers: outcomesOf(order.numbers),
        },
      ]),
    import_tn_orders: (held) =>
      held.importOrders().map((order) => [
        order.orderId,
        {
          ...common(order),
          status: order.status,
          order_type: order.orderType,
          count_of_tns: order.numbers.length,
          site_id: order.siteId,
          peer_id: order.sipPeerId,
          loa_type: order.loaType,
          // The error description quotes the subscriber's name.
          numbers: outcomesOf(order.numbers.map((number) => ({ ...number, errorDescription: withoutName(number) }))),
        },
      ]),
    remove_imported_tn_orders: (held) =>
      held.removals().map((order) => [
        order.orderId,
        {
          ...common(order),
          status: order.status,
          order_type: order.orderType,
          count_of_tns: order.numbers.length,
          numbers: outcomesOf(order.numbers),
        },
      ]),
    external_tns: (held) =>
      held.externalOrders().map((order) => [
        order.orderId,
        {
          ...common(order),
          status: order.status,
          // Whole orders omit it.
          order_type: null,
          count_of_tns: order.numbers.length,
          action: order.action,
          site_id: order.siteId,
          peer_id: order.sipPeerId ?? null,
          loa_type: order.loaType ?? null,
          numbers: outcomesOf(order.numbers),
        },
      ]),
    tnoptions: (held) => featureOrders(held, 'tnoptions', null, () => ({})),
    lidbs: (held) =>
      featureOrders(held, 'lidbs', 'lidb', ({ completedDate, numbers }) => ({
        order_complete_date: completedDate ?? null,
        // The error description quotes the subscriber's name.
        numbers: outcomesOf(numbers.map((number) => ({ ...number, errorDescription: withoutName(number) }))),
      })),
    bulk_portins: (held) =>
      featureOrders(held, 'bulkPortins', null, (order) => ({
        status: bulkPortins.statusOf?.(order),
        count_of_tns: null,
        requested_foc_date: new Date(order.orderDate.getTime() + 5 * day),
        billing_telephone_number: order.numbers[0]?.telephoneNumber,
        site_id: '2857',
        peer_id: '317771',
        numbers: namesOf(order.numbers.filter(({ outcome }) => outcome !== 'FAILED')),
        members: bulkPortins.membersOf?.(order, held).sort(),
      })),
    lsrorders: (held) =>
      featureOrders(held, 'lsrorders', 'lsr', (order) => {
        const dayAfter = (days: number) => new Date(Math.floor(order.orderDate.getTime() / day + days) * day);
        const isAgreed = order.status === 'PROCESSING' || order.status === 'COMPLETE';
        return {
          status: lsrorders.statusOf?.(order),
          requested_foc_date: dayAfter(5),
          actual_foc_date: isAgreed ? dayAfter(6) : null,
          pon: `PON-${order.orderId.slice(0, 8)}`,
          pon_version: 0,
          billing_telephone_number: order.numbers[0]?.telephoneNumber,
          spid: '123C',
          numbers: namesOf(order.numbers),
        };
      }),
    dldas: (held) =>
      featureOrders(held, 'dldas', 'dlda', ({ numbers }) => ({
        // The error description quotes the name of the listing.
        numbers: outcomesOf(numbers.map((number) => ({ ...number, errorDescription: withoutName(number) }))),
      })),
    e911s: (held) =>
      featureOrders(held, 'e911s', null, (order) => ({
        status: e911s.statusOf?.(order),
        ...(!e911s.hasNumbers?.(order) && { count_of_tns: 0 }),
        deletes_address: null,
        // The error description quotes the caller name.
        numbers: e911s.hasNumbers?.(order)
          ? outcomesOf(order.numbers.map((number) => ({ ...number, errorDescription: withoutName(number) })))
          : [],
      })),
  };

function featureOrders(
  held: SandboxAccount,
  segment: string,
  /** Null if the list returns whole orders, which omit it. */
  orderType: string | null,
  own: (order: SandboxFeatureOrder) => Record<string, unknown>,
): [string, Record<string, unknown>][] {
  return held.featureOrders(segment).map((order) => [
    order.orderId,
    {
      ...common(order),
      status: order.status,
      order_type: orderType,
      count_of_tns: order.numbers.length,
      numbers: outcomesOf(order.numbers),
      ...own(order),
    },
  ]);
}

function outcomesOf(numbers: readonly SandboxAssignmentNumber[]): string[] {
  return numbers
    .map((number) => [number.telephoneNumber, number.outcome, number.errorCode, number.errorDescription].join('|'))
    .sort();
}

function withoutName({ errorDescription }: SandboxAssignmentNumber): string | undefined {
  return errorDescription === undefined ? undefined : `${errorDescription} ([left out])`;
}

function namesOf(numbers: readonly { telephoneNumber: string }[]): string[] {
  return numbers.map(({ telephoneNumber }) => telephoneNumber).sort();
}

/** The stored rows of a kind of order, in the same columns. */
export async function storedOrders(
  ledger: Pick<Ledger, 'query'>,
  { table, numbers, members }: OrderDetailResource,
  columns: readonly string[],
): Promise<ExpectedOrders> {
  const number = numbers?.outcomes
    ? `concat_ws('|', telephone_number, coalesce(outcome, ''), coalesce(error_code, ''), coalesce(error_description, ''))`
    : 'telephone_number';
  const rows = await ledger.query(
    `select o.*, coalesce(n.numbers, '{}') as numbers${
      members === undefined
        ? ''
        : `, array(select ${members.column} from ${members.table} m
                    where m.account_id = o.account_id and m.order_id = o.order_id order by 1) as members`
    }
       from ${table} o left join (
         select account_id, order_id, array_agg(${number} order by ${number} collate "C") as numbers
           from ${numbers?.table ?? `${table}_numbers`} group by 1, 2
       ) as n using (account_id, order_id)
      where o.account_id = $1`,
    [account],
  );
  return new Map(
    rows.map((row) => [row.order_id as string, Object.fromEntries(columns.map((name) => [name, row[name]]))]),
  );
}

/** The differences between stored and expected orders, one line per order. */
export async function orderDifferences(ledger: Ledger, resource: OrderDetailResource): Promise<string[]> {
  const expected = expectedOrders(ledger.sandbox.account(account), resource.kind);
  const [first] = expected.values();
  const stored = await storedOrders(ledger, resource, Object.keys(first ?? {}));
  const lines: string[] = [];
  for (const id of new Set([...expected.keys(), ...stored.keys()])) {
    const wanted = JSON.stringify(expected.get(id));
    const found = JSON.stringify(stored.get(id));
    if (wanted !== found) lines.push(`${resource.kind} ${id}: expected ${wanted}, stored ${found}`);
  }
  return lines;
}
