import { commonFields, describeOrders, endStatuses, placedAt, unpaged } from '../describe-orders.js';
import { importTnOrders } from './import-tn-orders.js';

/** Orders that remove imported numbers from the account. The job that reads imports reads them too. */
export const removeImportedTnOrders = describeOrders({
  name: 'remove_imported_tn_orders',
  segment: 'removeImportedTnOrders',
  table: 'remove_imported_tn_orders',
  place: 81,
  titles: { one: 'removal of imported numbers', many: 'removals of imported numbers' },
  job: importTnOrders.job,
  permission: { what: 'orders that remove imported numbers', role: 'External TNs' },
  reportsChanges: true,
  history: {
    effect: 'out',
    at: placedAt,
    orders: `upper(o.status) in ('COMPLETE', 'PARTIAL')`,
    numbers: `n.outcome = 'ACCEPTED'`,
  },
  columns: importTnOrders.columns,
  list: {
    ...unpaged,
    container: 'RemoveImportedTnOrders',
    item: 'RemoveImportedTnOrderSummary',
    totalCount: 'RemoveImportedTnOrders.TotalCount',
    splits: [endStatuses],
  },
  details: {
    root: 'RemoveImportedTnOrder',
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [...commonFields()],
    numbers: {
      path: 'TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
      failuresApart: true,
    },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
});
