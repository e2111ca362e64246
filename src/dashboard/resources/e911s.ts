import { commonColumns, commonFields, describeOrders, unpaged } from '../describe-orders.js';

const adjusted = { ADJUSTED_COMPLETE: 'COMPLETE', ADJUSTED_PARTIAL: 'PARTIAL' } as const;
const terminalStatuses = ['COMPLETE', 'PARTIAL', 'FAILED', ...Object.keys(adjusted)];

/**
 * Orders that set or delete the emergency (E911) address of numbers, endpoints, or locations. They don't add or remove
 * numbers. The address, the caller name, and identifiers of endpoints are never stored.
 */
export const e911s = describeOrders({
  name: 'e911s',
  segment: 'e911s',
  table: 'e911s',
  place: 130,
  titles: { one: 'E911 order', many: 'E911 orders' },
  job: { name: 'sync-e911s', summary: 'orders that set emergency addresses of numbers (E911)' },
  permission: {},
  optional: true,
  reportsChanges: true,
  columns: commonColumns,
  list: {
    ...unpaged,
    container: 'E911Orders',
    item: 'E911OrderSummary',
    wholeItem: 'E911Order',
    totalCount: 'E911Orders.TotalCount',
    // As with other lists, an open order is found on the day it ends.
    splits: [{ parameter: 'status', values: terminalStatuses }],
  },
  details: {
    root: 'E911Order',
    personal: true,
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      ...commonFields(),
      { path: 'DeleteTNSpecificE911Address', column: 'deletes_address', type: 'flag', listed: true },
    ],
    numbers: {
      path: 'TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
      insteadOfNumbers: ['AlternateEndUserIdentifiers', 'AdditionalAddresses'],
    },
    // Of an endpoint, neither its identifier nor its callback number: both may be a person's.
    harmless: 'alternateenduseridentifier alternateenduseridentifiers pidfloenabled preferredlanguage',
    terminalStatuses,
    // "Adjusted" means that the address was changed slightly so that it can be located: the order succeeded.
    statusMeans: adjusted,
  },
});
