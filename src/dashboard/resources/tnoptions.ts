import { commonColumns, commonFields, describeOrders, endStatuses, unpaged } from '../describe-orders.js';

/**
 * Orders that set line features of numbers: calling name display, number formats, call forwarding, SMS. They don't add
 * or remove numbers.
 */
export const tnoptions = describeOrders({
  name: 'tnoptions',
  segment: 'tnoptions',
  table: 'tnoptions',
  place: 100,
  titles: { one: 'TN option order', many: 'TN option orders' },
  job: { name: 'sync-tnoptions', summary: 'orders that set line features of numbers (TN options)' },
  permission: {},
  optional: true,
  reportsChanges: true,
  columns: commonColumns,
  list: {
    ...unpaged,
    container: 'TnOptionOrders',
    item: 'TnOptionOrderSummary',
    wholeItem: 'TnOptionOrder',
    totalCount: 'TnOptionOrders.TotalCount',
    splits: [endStatuses],
  },
  details: {
    root: 'TnOptionOrder',
    // The forwarding destination may be a personal number, and an error may quote it.
    personal: true,
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [...commonFields()],
    numbers: {
      path: 'TnOptionGroups.TnOptionGroup.TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
    },
    harmless: `
      a2psettings action callingnamedisplay campaignid espid messageclass nnid numberformat protected rpidformat sms
      tnoptiongroup tnoptiongroups`,
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
});
