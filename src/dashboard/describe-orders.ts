import type {
  Concern,
  DetailField,
  NumbersInDetails,
  OrderColumn,
  OrderDescription,
  OrderDetailResource,
  WindowResource,
} from './resource.js';

/** The path of an account's resource. */
export const accountPath = (segment: string) => (account: string) =>
  `/accounts/${encodeURIComponent(account)}/${segment}`;

/** The path of one of the resource's orders, or of a subresource of the order. */
export const orderPath = (segment: string, more = '') => {
  return (account: string, orderId: string) => `${accountPath(segment)(account)}/${encodeURIComponent(orderId)}${more}`;
};

/** Alternative names of the same fields: lists of orders use different names, or different case. */
export const aliases = {
  orderId: 'OrderId',
  customerOrderId: 'CustomerOrderId',
  CustomerOrderID: 'CustomerOrderId',
  orderType: 'OrderType',
  ProcessingStatus: 'OrderStatus',
  processingStatus: 'OrderStatus',
  orderStatus: 'OrderStatus',
  orderDate: 'OrderDate',
  OrderCreateDate: 'OrderDate',
  LastModifiedDate: 'lastModifiedDate',
  countOfTNs: 'CountOfTNs',
  UserId: 'userId',
  CreatedByUser: 'userId',
  RequestedFocDate: 'RequestedFOCDate',
  ActualFocDate: 'ActualFOCDate',
  LosingCarrierId: 'LNPLosingCarrierId',
  LosingCarrierName: 'LNPLosingCarrierName',
} as const;

/** Fields that every list of orders has, with their columns. */
export const commonColumns: readonly OrderColumn[] = [
  { field: 'CustomerOrderId', name: 'customer_order_id', type: 'text' },
  { field: 'OrderType', name: 'order_type', type: 'text' },
  { field: 'OrderStatus', name: 'status', type: 'text' },
  { field: 'OrderDate', name: 'order_date', type: 'timestamptz' },
  { field: 'lastModifiedDate', name: 'last_modified_date', type: 'timestamptz' },
  { field: 'CountOfTNs', name: 'count_of_tns', type: 'integer' },
  { field: 'userId', name: 'user_id', type: 'text' },
];

/**
 * Fields that most orders have when they are read by id.
 *
 * @param within the element that contains them, if it isn't the root
 */
export function commonFields(within?: string): DetailField[] {
  const path = (name: string) => (within === undefined ? name : `${within}.${name}`);
  return [
    { path: path('CustomerOrderId'), column: 'customer_order_id', type: 'text', listed: true },
    { path: path('OrderCreateDate'), column: 'order_date', type: 'date', listed: true },
    { path: path('CreatedByUser'), column: 'user_id', type: 'text', listed: true },
  ];
}

/** Date filters of the API's lists. */
export const createdWithin = { from: 'startdate', to: 'enddate', format: 'yy-MM-dd', means: 'created' } as const;
export const changedWithin = { from: 'startdate', to: 'enddate', format: 'yyyy-MM-dd', means: 'changed' } as const;
export const modifiedWithin = {
  from: 'modifiedDateFrom',
  to: 'modifiedDateTo',
  format: 'yyyy-MM-dd',
  means: 'changed',
} as const;

/** A list without pages returns at most 1,000 orders per request, filtered by the date of their last change. */
export const unpaged = { window: modifiedWithin, resultLimit: 1000 } as const;

/**
 * The final statuses, the only ones that the status filter of some lists accepts. An open order is found on the day it
 * ends.
 */
export const endStatuses = { parameter: 'status', values: ['COMPLETE', 'PARTIAL', 'FAILED'] } as const;

/** When an order moved its numbers, if the order has no more specific date than its own. */
export const placedAt = 'coalesce(o.order_date, o.last_modified_date)';

type Defaulted = 'numbersTable' | 'moreLists' | 'concerns';
type GivenList = Omit<WindowResource, 'name' | 'path' | 'query' | 'key' | 'fields' | 'aliases' | 'emptyStatuses'> & {
  /** Fields in addition to those that fill columns. */
  moreFields?: readonly string[];
  /** The list returns whole orders without being asked for them. */
  alwaysWhole?: true;
};
type GivenDetails = Omit<OrderDetailResource, 'kind' | 'table' | 'title' | 'path' | 'harmless' | 'numbers'> & {
  harmless?: string;
  numbers?: Omit<NumbersInDetails, 'table'>;
};

/** The required parts of a description of orders; the rest is derived. */
export interface GivenOrders
  extends Omit<OrderDescription, 'type' | 'list' | 'details' | Defaulted>,
    Partial<Pick<OrderDescription, Defaulted>> {
  /** Path segment: `/accounts/{accountId}/<segment>` and `/accounts/{accountId}/<segment>/<orderId>`. */
  segment: string;
  list: GivenList;
  details: GivenDetails;
}

/** Completes a description of orders with everything derived from its name, segment, and columns. */
export function describeOrders({ segment, list, details, ...own }: GivenOrders): OrderDescription {
  const { moreFields = [], alwaysWhole, ...rest } = list;
  const { numbers, ...order } = details;
  const { numbersTable = `${own.table}_numbers` } = own;
  const fields = ['OrderId', ...own.columns.map(({ field }) => field), ...moreFields];
  return {
    moreLists: [],
    concerns: numbers?.outcomes ? [unknownOutcomes(own.titles)] : [],
    ...own,
    type: 'orders',
    numbersTable,
    list: {
      ...rest,
      name: segment,
      path: accountPath(segment),
      query: (): Record<string, string> =>
        rest.wholeItem === undefined || alwaysWhole ? {} : { orderDetails: 'true' },
      key: 'OrderId',
      fields,
      // A name that is a field of its own in this list isn't an alias.
      aliases: Object.fromEntries(Object.entries(aliases).filter(([alias]) => !fields.includes(alias))),
      emptyStatuses: [204, 404],
    },
    details: {
      harmless: '',
      ...order,
      kind: own.name,
      table: own.table,
      title: own.titles.many,
      path: orderPath(segment),
      ...(numbers && { numbers: { ...numbers, table: numbersTable } }),
    },
  };
}

/** Orders for which Bandwidth doesn't report the outcome of every number. */
export function unknownOutcomes({ one, many }: OrderDescription['titles']): Concern {
  return {
    kind: 'problem',
    condition: 'unknown_since is not null',
    columns: 'order_id, unknown_since, unknown_reason',
    text: (count, isOne) =>
      `${count} ${isOne ? `${one} does` : `${many} do`} not report the outcome of every number. The next nightly run asks again.`,
  };
}
