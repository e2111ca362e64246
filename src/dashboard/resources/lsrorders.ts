import { commonColumns, commonFields, describeOrders, unpaged } from '../describe-orders.js';

const ownColumns = commonColumns.filter(({ field }) => field !== 'userId');

/**
 * Local service requests: requests by API to port numbers out of Bandwidth's network, placed by the carrier that wins
 * them.
 *
 * They have no effect on histories, although a COMPLETE one moved its numbers. The reference calls this a resource "for
 * use by carriers that want to automate the port-out process", and its errors (7511 to 7519: invalid account code or
 * PIN, number not recognized for this account) check what the winning carrier says of the losing account: the numbers
 * are usually on other accounts of Bandwidth than the one that places the request. If one is on this account, it leaves
 * by a port-out, which `portouts` lists with the date. An effect here would remove it twice, or remove a number that
 * this account never had.
 */
export const lsrorders = describeOrders({
  name: 'lsrorders',
  segment: 'lsrorders',
  table: 'lsrorders',
  place: 75,
  titles: { one: 'LSR order', many: 'LSR orders' },
  job: { name: 'sync-lsrorders', summary: 'requests to port numbers out of Bandwidth (LSR)' },
  permission: {},
  optional: true,
  reportsChanges: true,
  isPort: true,
  columns: [
    ...ownColumns,
    // `userId`, which some entries have too, may name another user.
    { field: 'CreatedByUser', name: 'user_id', type: 'text' },
    { field: 'RequestedFOCDate', name: 'requested_foc_date', type: 'timestamptz' },
    { field: 'ActualFOCDate', name: 'actual_foc_date', type: 'timestamptz' },
    { field: 'Pon', name: 'pon', type: 'text' },
    { field: 'PonVersion', name: 'pon_version', type: 'integer' },
    { field: 'BillingTelephoneNumber', name: 'billing_telephone_number', type: 'text' },
  ],
  kept: ['userId'],
  list: {
    ...unpaged,
    container: 'LsrOrders',
    item: 'LsrOrderSummary',
    totalCount: 'LsrOrders.TotalCount',
    moreFields: ['userId'],
  },
  details: {
    root: 'LsrOrder',
    // The subscriber, the authorizing person, the account number, and the PIN.
    personal: true,
    id: 'OrderId',
    status: 'OrderStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      ...commonFields(),
      { path: 'CountOfTNs', column: 'count_of_tns', type: 'count', listed: true },
      { path: 'RequestedFocDate', column: 'requested_foc_date', type: 'date', listed: true },
      { path: 'ActualFocDate', column: 'actual_foc_date', type: 'date', listed: true },
      { path: 'Pon', column: 'pon', type: 'text', listed: true },
      { path: 'PonVersion', column: 'pon_version', type: 'count', listed: true },
      { path: 'BillingTelephoneNumber', column: 'billing_telephone_number', type: 'text', listed: true },
      { path: 'SPID', column: 'spid', type: 'text' },
    ],
    numbers: {
      path: 'ListOfTelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      count: 'CountOfTNs',
    },
    harmless: 'listoftelephonenumbers lsrordererror lsrordererrors subscriber',
    // A FAILED request may be changed and sent again. It is then in a later window of the list.
    terminalStatuses: ['COMPLETE', 'CANCELLED', 'FAILED'],
  },
});
