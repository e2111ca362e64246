import { commonColumns, commonFields, describeOrders, unpaged } from '../describe-orders.js';

/**
 * Orders that set directory listings of numbers (directory listing and directory assistance, DL/DA). They don't add or
 * remove numbers. The list filters only by date and telephone number, so a day with 1,000 orders or more can't be split.
 */
export const dldas = describeOrders({
  name: 'dldas',
  segment: 'dldas',
  table: 'dldas',
  place: 120,
  titles: { one: 'directory listing order', many: 'directory listing orders' },
  job: { name: 'sync-dldas', summary: 'orders that set directory listings of numbers (DL/DA)' },
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
    root: 'DldaOrderResponse',
    // The name and address of the listing, which an error may quote.
    personal: true,
    id: 'DldaOrder.OrderId',
    status: 'DldaOrder.ProcessingStatus',
    lastModified: 'DldaOrder.LastModifiedDate',
    fields: [...commonFields('DldaOrder')],
    numbers: {
      path: 'DldaOrder.DldaTnGroups.DldaTnGroup.TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
    },
    harmless: 'accounttype dldaorder dldatngroup dldatngroups listaddress listingtype subscribertype',
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
});
