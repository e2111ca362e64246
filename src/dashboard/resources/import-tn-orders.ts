import { commonColumns, commonFields, describeOrders, endStatuses, placedAt, unpaged } from '../describe-orders.js';

/**
 * Orders that import numbers of other carriers for hosted messaging. The list doesn't include their numbers. A day with
 * 1,000 orders or more is split by status first: the letter of authorization has two documented types, but orders may
 * omit it. A failed number is in `Errors`, and may be missing from the order's list of numbers, as in the reference's
 * example.
 */
export const importTnOrders = describeOrders({
  name: 'import_tn_orders',
  segment: 'importTnOrders',
  table: 'import_tn_orders',
  place: 80,
  titles: { one: 'import order', many: 'import orders' },
  job: {
    name: 'sync-imported-numbers',
    summary: "orders that imported other carriers' numbers, or removed them",
  },
  permission: { role: 'External TNs' },
  reportsChanges: true,
  history: {
    effect: 'in',
    at: placedAt,
    orders: `upper(o.status) in ('COMPLETE', 'PARTIAL')`,
    numbers: `n.outcome = 'ACCEPTED'`,
  },
  columns: commonColumns,
  list: {
    ...unpaged,
    container: 'ImportTnOrders',
    item: 'ImportTnOrderSummary',
    totalCount: 'ImportTnOrders.TotalCount',
    splits: [endStatuses, { parameter: 'loaType', values: ['CARRIER', 'SUBSCRIBER'] }],
  },
  details: {
    root: 'ImportTnOrder',
    personal: true,
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      ...commonFields(),
      { path: 'SiteId', column: 'site_id', type: 'text' },
      { path: 'SipPeerId', column: 'peer_id', type: 'text' },
      { path: 'LoaType', column: 'loa_type', type: 'text' },
    ],
    numbers: {
      path: 'TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
      failuresApart: true,
    },
    harmless: 'loatype sippeerid subscriber',
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
});
