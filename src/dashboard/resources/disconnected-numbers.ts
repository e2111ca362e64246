import { accountPath, createdWithin } from '../describe-orders.js';
import type { NumberListDescription } from '../resource.js';

/** Numbers that the account disconnected. */
export const disconnectedNumbers: NumberListDescription = {
  type: 'numbers',
  name: 'disconnected_numbers',
  table: 'disconnected_numbers',
  place: 50,
  titles: { one: 'disconnected number', many: 'disconnected numbers' },
  job: { name: 'sync-disconnected-numbers', summary: 'disconnected numbers' },
  permission: { role: 'Numbers' },
  list: {
    name: 'discnumbers',
    path: accountPath('discnumbers'),
    query: () => ({}),
    pageSize: 5000,
    container: 'TNs.TelephoneNumbers',
    item: 'TelephoneNumber',
    totalCount: 'TNs.TotalCount',
    totals: accountPath('discnumbers/totals'),
    key: '#text',
    fields: ['#text'],
    emptyStatuses: [204, 404],
    window: createdWithin,
  },
};
