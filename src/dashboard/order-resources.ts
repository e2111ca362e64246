import type { ListResource } from './resources.js';

/** Days in UTC, `yyyy-MM-dd`, both included. */
export interface DateWindow {
  from: string;
  to: string;
}

/** How the days of a date filter are written. */
export const dateFormats = ['yyyy-MM-dd', 'yy-MM-dd'] as const;
export type DateFormat = (typeof dateFormats)[number];

/** A list that is read by date windows. */
export interface WindowResource extends ListResource {
  /** The filters that bound a window. */
  window: {
    from: string;
    to: string;
    /** As documented: `sync/windows/date-filter.ts` finds out which format the API reads. */
    format: DateFormat;
    /**
     * The date that they look at. Where it is the order's creation, an order that changes later is not in a later window: it is
     * read again by its id until it is terminal.
     */
    means: 'created' | 'changed';
  };
  /** Where the list has no pages: the most entries that it gives. With so many, others may be missing. */
  ceiling?: number;
  /** Filters that split what a day alone does not bring below the ceiling, one after the other. */
  splits?: readonly { parameter: string; values: readonly string[] }[];
}

/** A list narrowed to a window and further filters. */
export function withinWindow<T extends WindowResource>(
  resource: T,
  window: DateWindow,
  filters: Readonly<Record<string, string>> = {},
): T {
  const bounds = windowBounds(resource, window);
  return { ...resource, query: (account: string) => ({ ...resource.query(account), ...bounds, ...filters }) };
}

/** The parameters that narrow a list to a window. */
export function windowBounds({ window }: WindowResource, { from, to }: DateWindow): Record<string, string> {
  const day = (date: string) => (window.format === 'yy-MM-dd' ? date.slice(2) : date);
  return { [window.from]: day(from), [window.to]: day(to) };
}

const below = (name: string) => (account: string) => `/accounts/${encodeURIComponent(account)}/${name}`;

/** What the lists of orders call the same things. Names differ in case, and some in more, from list to list. */
const aliases = {
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

const commonFields = [
  'OrderId',
  'CustomerOrderId',
  'OrderType',
  'OrderStatus',
  'OrderDate',
  'lastModifiedDate',
  'CountOfTNs',
  'userId',
] as const;

const createdWithin = { from: 'startdate', to: 'enddate', format: 'yy-MM-dd', means: 'created' } as const;
const changedWithin = { from: 'startdate', to: 'enddate', format: 'yyyy-MM-dd', means: 'changed' } as const;

/** Orders of new numbers. The list says nothing of their numbers. */
export const orders: WindowResource = {
  name: 'orders',
  path: below('orders'),
  query: () => ({}),
  pageSize: 1000,
  container: 'ResponseSelectWrapper.ListOrderIdUserIdDate',
  item: 'OrderIdUserIdDate',
  totalCount: 'ResponseSelectWrapper.ListOrderIdUserIdDate.TotalCount',
  key: 'OrderId',
  fields: commonFields,
  aliases,
  emptyStatuses: [204, 404],
  window: createdWithin,
};

/** Orders that gave numbers back. */
export const disconnects: WindowResource = {
  ...orders,
  name: 'disconnects',
  path: below('disconnects'),
  pageSize: 5000,
};

/** Orders that bring numbers from other carriers, without drafts. */
export const portins: WindowResource = {
  name: 'portins',
  path: below('portins'),
  query: () => ({}),
  pageSize: 1000,
  container: 'LNPResponseWrapper',
  item: 'lnpPortInfoForGivenStatus',
  totalCount: 'LNPResponseWrapper.TotalCount',
  key: 'OrderId',
  fields: [
    ...commonFields,
    'BillingTelephoneNumber',
    'LNPLosingCarrierId',
    'LNPLosingCarrierName',
    'PortType',
    'Internal',
    'FullNumber',
    'RequestedFOCDate',
    'ActualFOCDate',
    'PON',
    'VendorId',
    'VendorName',
    'ErrorCode',
    'ErrorMessage',
  ],
  aliases,
  emptyStatuses: [204, 404],
  window: changedWithin,
};

/** Port-ins that were begun and not submitted: the list of port-ins names them only when asked for them. */
export const portinDrafts: WindowResource = { ...portins, query: () => ({ status: 'draft' }) };

/** Orders of other carriers that take numbers away. This list alone names the numbers. */
export const portouts: WindowResource = {
  ...portins,
  name: 'portouts',
  path: below('portouts'),
  fields: [
    ...commonFields,
    'FullNumber',
    'RequestedFOCDate',
    'ActualFOCDate',
    'PON',
    'VendorId',
    'VendorName',
    'ErrorCode',
    'ErrorMessage',
  ],
};

/** Numbers that the account gave back. */
export const disconnectedNumbers: WindowResource = {
  name: 'discnumbers',
  path: below('discnumbers'),
  query: () => ({}),
  pageSize: 5000,
  container: 'TNs.TelephoneNumbers',
  item: 'TelephoneNumber',
  totalCount: 'TNs.TotalCount',
  totals: below('discnumbers/totals'),
  key: '#text',
  fields: ['#text'],
  emptyStatuses: [204, 404],
  window: createdWithin,
};

/** Lists without pages of at most 1000 orders, filtered by the day of the last change. */
const unpaged = {
  query: () => ({}),
  key: 'OrderId',
  fields: commonFields,
  aliases,
  emptyStatuses: [204, 404],
  window: { from: 'modifiedDateFrom', to: 'modifiedDateTo', format: 'yyyy-MM-dd', means: 'changed' },
  ceiling: 1000,
} as const;

const endStatuses = { parameter: 'status', values: ['COMPLETE', 'PARTIAL', 'FAILED'] } as const;

/**
 * Orders that declare numbers assigned or not. The list has no pages: it gives at most 1000 orders at a time. Its filter by status
 * knows the ends of an order only; an order that is still open is found on the day on which it ends.
 */
export const numberAssignments: WindowResource = {
  ...unpaged,
  name: 'numbersAssignment',
  path: below('numbersAssignment'),
  container: 'TelephoneNumbersAssignmentOrders',
  item: 'TelephoneNumbersAssignmentOrderSummary',
  totalCount: 'TelephoneNumbersAssignmentOrders.TotalCount',
  fields: [
    'OrderId',
    'CustomerOrderId',
    'Action',
    'OrderStatus',
    'TotalQuantity',
    'FailedQuantity',
    'OrderDate',
    'lastModifiedDate',
    'userId',
  ],
  splits: [{ parameter: 'action', values: ['ASSIGNED', 'UNASSIGNED'] }, endStatuses],
};

/**
 * Orders that import numbers of other carriers for hosted messaging. The list says nothing of their numbers. A day with 1000
 * orders or more is split by status first: the letter of authorization has two documented types, but not every order must name one.
 */
export const importTnOrders: WindowResource = {
  ...unpaged,
  name: 'importTnOrders',
  path: below('importTnOrders'),
  container: 'ImportTnOrders',
  item: 'ImportTnOrderSummary',
  totalCount: 'ImportTnOrders.TotalCount',
  splits: [endStatuses, { parameter: 'loaType', values: ['CARRIER', 'SUBSCRIBER'] }],
};

/** Orders that remove imported numbers from the account again. */
export const removeImportedTnOrders: WindowResource = {
  ...unpaged,
  name: 'removeImportedTnOrders',
  path: below('removeImportedTnOrders'),
  container: 'RemoveImportedTnOrders',
  item: 'RemoveImportedTnOrderSummary',
  totalCount: 'RemoveImportedTnOrders.TotalCount',
  splits: [endStatuses],
};
