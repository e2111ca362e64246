import { changedWithin, commonColumns, describeOrders } from '../describe-orders.js';
import type { OrderColumn } from '../resource.js';

/** Columns common to the lists of port-ins and port-outs. */
export const portColumns: readonly OrderColumn[] = [
  ...commonColumns,
  { field: 'RequestedFOCDate', name: 'requested_foc_date', type: 'timestamptz' },
  { field: 'ActualFOCDate', name: 'actual_foc_date', type: 'timestamptz' },
  { field: 'PON', name: 'pon', type: 'text' },
  { field: 'VendorId', name: 'vendor_id', type: 'text' },
  { field: 'VendorName', name: 'vendor_name', type: 'text' },
  { field: 'ErrorCode', name: 'error_code', type: 'text' },
];

/** Elements of a port's payload without personal data: only the subscriber's type is kept. */
export const portHarmless = `
  actualfocdate actualfocdatetime additionaltns alternatespid billingtelephonenumber immediately internal
  listofphonenumbers losingcarrierid losingcarrieriswireless losingcarriername losingcarrierspid
  newbillingtelephonenumber partialport phonenumber pon porttype portoutstatus requestedfocdate spid subscriber
  triggered`;

/**
 * Orders of other carriers that port numbers out. Only the list has the numbers; only the order has the actual FOC
 * date, when a number left, and the purchase order number.
 */
export const portouts = describeOrders({
  name: 'portouts',
  segment: 'portouts',
  table: 'portouts',
  place: 70,
  titles: { one: 'port-out', many: 'port-outs' },
  job: { name: 'sync-portouts', summary: 'port-outs and their numbers' },
  permission: { role: 'Porting' },
  reportsChanges: true,
  isPort: true,
  // A port-out lists its numbers from the start, but only a completed one moves them.
  history: {
    effect: 'out',
    at: 'coalesce(o.actual_foc_date, o.order_date, o.last_modified_date)',
    orders: `upper(o.status) = 'COMPLETE'`,
  },
  columns: [...portColumns, { field: 'ErrorMessage', name: 'error_message', type: 'text' }],
  numberField: 'FullNumber',
  list: {
    pageSize: 1000,
    container: 'LNPResponseWrapper',
    item: 'lnpPortInfoForGivenStatus',
    totalCount: 'LNPResponseWrapper.TotalCount',
    moreFields: ['FullNumber'],
    window: changedWithin,
  },
  details: {
    root: 'LnpOrderResponse',
    id: 'OrderId',
    status: 'PortOutStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      { path: 'CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
      { path: 'OrderCreateDate', column: 'order_date', type: 'date', listed: true },
      { path: 'userId', column: 'user_id', type: 'text', listed: true },
      { path: 'RequestedFocDate', column: 'requested_foc_date', type: 'date', listed: true },
      { path: 'ActualFocDate', column: 'actual_foc_date', type: 'date' },
      { path: 'PON', column: 'pon', type: 'text', listed: true },
      { path: 'SPID', column: 'spid', type: 'text' },
    ],
    harmless: portHarmless,
    terminalStatuses: ['COMPLETE', 'CANCELLED', 'REJECTED', 'FAILED'],
  },
});
