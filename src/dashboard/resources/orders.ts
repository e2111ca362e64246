import { commonColumns, createdWithin, describeOrders, orderPath, placedAt } from '../describe-orders.js';

/** Orders for new numbers. The list doesn't include their numbers. */
export const orders = describeOrders({
  name: 'orders',
  segment: 'orders',
  table: 'orders',
  place: 30,
  titles: { one: 'number order', many: 'number orders' },
  job: { name: 'sync-orders', summary: 'orders for new numbers' },
  permission: { role: 'Ordering' },
  reportsChanges: true,
  history: { effect: 'in', at: placedAt, orders: `coalesce(upper(o.status), '') not in ('FAILED', 'CANCELLED')` },
  events: { exceptStatuses: [] },
  notes: true,
  columns: commonColumns,
  list: {
    pageSize: 1000,
    container: 'ResponseSelectWrapper.ListOrderIdUserIdDate',
    item: 'OrderIdUserIdDate',
    totalCount: 'ResponseSelectWrapper.ListOrderIdUserIdDate.TotalCount',
    window: createdWithin,
  },
  details: {
    root: 'OrderResponse',
    id: 'Order.id',
    status: 'OrderStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      { path: 'Order.CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
      { path: 'Order.OrderCreateDate', column: 'order_date', type: 'date', listed: true },
      { path: 'CreatedByUser', column: 'user_id', type: 'text', listed: true },
      { path: 'Order.Name', column: 'name', type: 'text' },
      { path: 'Order.SiteId', column: 'site_id', type: 'text' },
      { path: 'Order.PeerId', column: 'peer_id', type: 'text' },
      { path: 'CompletedQuantity', column: 'completed_quantity', type: 'count' },
      // CountOfTNs in the list.
      { path: 'CompletedQuantity', column: 'count_of_tns', type: 'count', listed: true },
      { path: 'FailedQuantity', column: 'failed_quantity', type: 'count' },
      { path: 'OrderCompleteDate', column: 'order_complete_date', type: 'date' },
      { path: 'Order.BackOrderRequested', column: 'back_order_requested', type: 'flag' },
      { path: 'Order.PartialAllowed', column: 'partial_allowed', type: 'flag' },
    ],
    numbers: {
      path: 'CompletedNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      count: 'CompletedQuantity',
      own: orderPath('orders', '/tns'),
    },
    // The order's search criteria.
    harmless: `
      areacode areacodesearchandordertype backorderrequested cities citysearchandordertype citywithcount closeorder
      combinedsearchandordertype completednumbers completedquantity enablelca endsin existingtelephonenumberordertype
      failednumbers latas latasearchandordertype latawithcount localvanity npanxx npanxxsearchandordertype npanxxx
      partialallowed portintelephonenumber ratecenters ratecentersearchandordertype ratecenterwithcount reservationid
      reservationidlist states statesearchandordertype statewithcount tiers tierwithcount tollfreevanity
      tollfreevanitysearchandordertype tollfreewildcardpattern tollfreewildcharsearchandordertype vendors
      vendorwithcount zip zipsearchandordertype`,
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'],
  },
});
