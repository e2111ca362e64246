import { commonColumns, commonFields, describeOrders, modifiedWithin, orderPath } from '../describe-orders.js';

/**
 * Requests to port in many numbers at once. Bandwidth decomposes each into port-ins, its members, which `portins` has.
 * A bulk port-in itself doesn't add numbers: its members do, each when it completes.
 *
 * The list returns whole orders with their members, but no resource other than `tnList` has an order's numbers. So a new
 * or changed order takes one request. An entry without `PortinList` is read by id.
 */
export const bulkPortins = describeOrders({
  name: 'bulk_portins',
  segment: 'bulkPortins',
  table: 'bulk_portins',
  place: 65,
  titles: { one: 'bulk port-in', many: 'bulk port-ins' },
  job: { name: 'sync-bulk-portins', summary: 'bulk port-ins, their numbers, and their port-ins' },
  permission: {},
  optional: true,
  reportsChanges: true,
  isPort: true,
  columns: [
    ...commonColumns,
    { field: 'RequestedFOCDate', name: 'requested_foc_date', type: 'timestamptz' },
    { field: 'BillingTelephoneNumber', name: 'billing_telephone_number', type: 'text' },
    { field: 'SiteId', name: 'site_id', type: 'text' },
    { field: 'PeerId', name: 'peer_id', type: 'text' },
  ],
  list: {
    pageSize: 30,
    container: 'BulkPortinResponses',
    item: 'BulkPortinResponse',
    wholeItem: 'BulkPortinResponse',
    wholeWithin: 'BulkPortin',
    totalCount: 'BulkPortinResponses.TotalCount',
    window: modifiedWithin,
  },
  details: {
    root: 'BulkPortinResponse',
    // The subscriber, the authorizing person, the account number, and the PIN.
    personal: true,
    id: 'BulkPortin.OrderId',
    status: 'BulkPortin.ProcessingStatus',
    lastModified: 'BulkPortin.LastModifiedDate',
    fields: [
      ...commonFields('BulkPortin'),
      { path: 'BulkPortin.RequestedFocDate', column: 'requested_foc_date', type: 'date', listed: true },
      { path: 'BulkPortin.BillingTelephoneNumber', column: 'billing_telephone_number', type: 'text', listed: true },
      { path: 'BulkPortin.SiteId', column: 'site_id', type: 'text', listed: true },
      { path: 'BulkPortin.PeerId', column: 'peer_id', type: 'text', listed: true },
    ],
    numbers: {
      path: 'ValidTnList.TN',
      listedCount: 'count_of_tns',
      own: orderPath('bulkPortins', '/tnList'),
      ownRoot: 'TnListResponse',
    },
    members: {
      table: 'bulk_portins_members',
      column: 'portin_order_id',
      path: 'BulkPortin.PortinList.PortinOrderId',
      own: orderPath('bulkPortins', '/portinList'),
      ownRoot: 'PortinListResponse',
      ownPath: 'PortinList.PortinOrderId',
    },
    harmless: `
      bulkportin invalidtnlist nonportabletnlist portinlistresponse portinorderid subscriber tnlistresponse`,
    // The reference's text has COMPLETED, its example COMPLETE.
    terminalStatuses: ['COMPLETE', 'COMPLETED', 'PARTIAL', 'CANCELLED'],
  },
});
