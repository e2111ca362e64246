import { accountPath } from '../describe-orders.js';
import type { SnapshotDescription } from '../resource.js';

/** The account's in-service numbers. */
export const inserviceNumbers: SnapshotDescription = {
  type: 'snapshot',
  name: 'inservice_numbers',
  place: 10,
  titles: { one: 'in-service number', many: 'in-service numbers' },
  job: { name: 'sync-inservice-numbers', summary: 'in-service numbers: added and removed' },
  permission: { role: 'Numbers' },
  list: {
    name: 'inserviceNumbers',
    path: accountPath('inserviceNumbers'),
    query: () => ({}),
    pageSize: 5000,
    container: 'TNs.TelephoneNumbers',
    item: 'TelephoneNumber',
    totalCount: 'TNs.TotalCount',
    totals: accountPath('inserviceNumbers/totals'),
    key: '#text',
    fields: ['#text'],
    emptyStatuses: [204, 404],
  },
};
