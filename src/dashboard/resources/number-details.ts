import type { SnapshotDescription } from '../resource.js';

/**
 * Details of every number of an account, in service or not. `TelephoneNumberCount` is not the size of the list, and not
 * always that of the page, so it isn't read.
 */
export const numberDetails: SnapshotDescription = {
  type: 'snapshot',
  name: 'number_details',
  place: 20,
  titles: { one: 'number', many: 'number details' },
  job: { name: 'sync-number-details', summary: 'status, rate center, carrier, and dates of every number' },
  permission: { what: 'number details (/tns)', role: 'Numbers' },
  list: {
    name: 'tns',
    path: () => '/tns',
    query: (account) => ({ accountId: account }),
    pageSize: 2500,
    container: 'TelephoneNumbersResponse.TelephoneNumbers',
    item: 'TelephoneNumber',
    key: 'FullNumber',
    fields: [
      'FullNumber',
      'City',
      'Lata',
      'State',
      'Tier',
      'VendorId',
      'VendorName',
      'RateCenter',
      'Status',
      'AccountId',
      'LastModified',
      'InServiceDate',
    ],
    emptyStatuses: [204, 404],
    ownAccountField: 'AccountId',
  },
};
