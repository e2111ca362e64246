import { commonColumns, describeOrders, endStatuses, unpaged } from '../describe-orders.js';

const order = 'TelephoneNumbersAssignmentOrder';
const column = (name: string) => commonColumns.filter((each) => each.name === name);

/** Orders that mark numbers ASSIGNED or UNASSIGNED, including those placed outside tn-ledger. */
export const numberAssignments = describeOrders({
  name: 'number_assignments',
  segment: 'numbersAssignment',
  table: 'number_assignment_orders',
  numbersTable: 'number_assignment_order_numbers',
  place: 90,
  titles: { one: 'assignment order', many: 'assignment orders' },
  job: { name: 'sync-number-assignments', summary: 'orders that marked numbers ASSIGNED or UNASSIGNED' },
  permission: { what: 'number assignment' },
  reportsChanges: true,
  history: {
    effect: 'mark',
    at: 'o.order_date',
    orders: `coalesce(upper(o.status), '') <> 'FAILED' and o.action is not null and o.order_date is not null`,
    numbers: `n.outcome = 'ACCEPTED'`,
    status: `o.action || 'ED'`,
  },
  columns: [
    ...column('customer_order_id'),
    { field: 'Action', name: 'action', type: 'action' },
    ...column('status'),
    { field: 'TotalQuantity', name: 'total_quantity', type: 'integer' },
    { field: 'FailedQuantity', name: 'failed_quantity', type: 'integer' },
    ...column('order_date'),
    ...column('last_modified_date'),
    ...column('user_id'),
  ],
  list: {
    ...unpaged,
    container: 'TelephoneNumbersAssignmentOrders',
    item: 'TelephoneNumbersAssignmentOrderSummary',
    totalCount: 'TelephoneNumbersAssignmentOrders.TotalCount',
    splits: [{ parameter: 'action', values: ['ASSIGNED', 'UNASSIGNED'] }, endStatuses],
  },
  details: {
    root: 'TelephoneNumbersAssignmentOrderResponse',
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      { path: `${order}.CustomerOrderId`, column: 'customer_order_id', type: 'text', listed: true },
      { path: `${order}.Action`, column: 'action', type: 'action', listed: true },
      { path: 'OrderCreateDate', column: 'order_date', type: 'date', listed: true },
      { path: 'CreatedByUser', column: 'user_id', type: 'text', listed: true },
      { path: 'TotalQuantity', column: 'total_quantity', type: 'count', listed: true },
      { path: 'FailedQuantity', column: 'failed_quantity', type: 'count', listed: true },
    ],
    numbers: {
      path: `${order}.TelephoneNumbers.TelephoneNumber`,
      listedCount: 'total_quantity',
      count: 'TotalQuantity',
      failedCount: 'FailedQuantity',
      outcomes: true,
    },
    harmless: 'telephonenumbersassignmentorder',
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
  concerns: [
    {
      kind: 'problem',
      table: 'number_assignment_order_numbers',
      condition: `outcome = 'UNKNOWN'`,
      columns: 'telephone_number, order_id',
      text: (count, isOne) =>
        `Bandwidth did not report the outcome of ${count} ${isOne ? 'number' : 'numbers'} in assignment orders: ${isOne ? 'it counts' : 'they count'} as not marked. The next nightly run asks again.`,
    },
    {
      kind: 'problem',
      condition: `unknown_since is not null and not exists (select from number_assignment_order_numbers n
    where n.account_id = number_assignment_orders.account_id and n.order_id = number_assignment_orders.order_id and n.outcome = 'UNKNOWN')`,
      columns: 'order_id, total_quantity, unknown_since, unknown_reason',
      text: (count, isOne) =>
        `${count} ${isOne ? 'assignment order lists' : 'assignment orders list'} fewer numbers than ${isOne ? 'it counts' : 'they count'}. The next nightly run asks again.`,
    },
  ],
});
