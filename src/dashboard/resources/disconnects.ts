import { commonColumns, createdWithin, describeOrders, placedAt } from '../describe-orders.js';

const request = 'orderRequest.DisconnectTelephoneNumberOrderType';

/** Orders that return numbers to Bandwidth. */
export const disconnects = describeOrders({
  name: 'disconnects',
  segment: 'disconnects',
  table: 'disconnects',
  place: 40,
  titles: { one: 'disconnect order', many: 'disconnect orders' },
  job: { name: 'sync-disconnects', summary: 'orders that disconnected numbers' },
  permission: { role: 'Disconnect' },
  reportsChanges: true,
  history: { effect: 'out', at: placedAt, orders: `coalesce(upper(o.status), '') not in ('FAILED', 'CANCELLED')` },
  notes: true,
  columns: commonColumns,
  list: {
    pageSize: 5000,
    container: 'ResponseSelectWrapper.ListOrderIdUserIdDate',
    item: 'OrderIdUserIdDate',
    totalCount: 'ResponseSelectWrapper.ListOrderIdUserIdDate.TotalCount',
    window: createdWithin,
  },
  details: {
    root: 'DisconnectTelephoneNumberOrderResponse',
    id: 'orderRequest.id',
    status: 'OrderStatus',
    fields: [
      { path: 'orderRequest.CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
      { path: 'orderRequest.OrderCreateDate', column: 'order_date', type: 'date', listed: true },
      { path: 'orderRequest.Name', column: 'name', type: 'text' },
      { path: `${request}.DisconnectMode`, column: 'disconnect_mode', type: 'text' },
      { path: `${request}.Protected`, column: 'protected', type: 'text' },
    ],
    numbers: {
      path: 'DisconnectedTelephoneNumberList.TelephoneNumber',
      listedCount: 'count_of_tns',
      requested: `${request}.TelephoneNumberList.TelephoneNumber`,
    },
    harmless: `
      disconnectedtelephonenumberlist disconnectmode disconnecttelephonenumberordertype protected`,
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'],
  },
});
