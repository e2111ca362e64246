import { commonColumns, commonFields, describeOrders, unpaged } from '../describe-orders.js';

/**
 * Orders that change the calling name of numbers in the line information database (LIDB). They don't add or remove
 * numbers. The list filters only by date and telephone number, so a day with 1,000 orders or more can't be split.
 */
export const lidbs = describeOrders({
  name: 'lidbs',
  segment: 'lidbs',
  table: 'lidbs',
  place: 110,
  titles: { one: 'LIDB order', many: 'LIDB orders' },
  job: { name: 'sync-lidbs', summary: 'orders that change calling names of numbers (LIDB)' },
  permission: {},
  optional: true,
  reportsChanges: true,
  columns: commonColumns,
  list: {
    ...unpaged,
    container: 'ResponseSelectWrapper.ListOrderIdUserIdDate',
    item: 'OrderIdUserIdDate',
    totalCount: 'ResponseSelectWrapper.ListOrderIdUserIdDate.TotalCount',
  },
  details: {
    root: 'LidbOrder',
    // A calling name is a subscriber's name, and an error may quote it.
    personal: true,
    id: 'orderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [...commonFields(), { path: 'OrderCompleteDate', column: 'order_complete_date', type: 'date' }],
    numbers: {
      path: 'LidbTnGroups.LidbTnGroup.TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
    },
    harmless: 'lidbtngroup lidbtngroups usetype visibility',
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
});
