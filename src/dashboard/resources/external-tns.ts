import {
  commonColumns,
  commonFields,
  describeOrders,
  endStatuses,
  placedAt,
  unknownOutcomes,
  unpaged,
} from '../describe-orders.js';

const ended = (action: 'IMPORT' | 'REMOVE') =>
  `upper(o.status) in ('COMPLETE', 'PARTIAL') and upper(o.action) = '${action}'`;

const titles = { one: 'external number order', many: 'external number orders' };

/**
 * Orders that add numbers of other carriers, which the customer provides, to the account (IMPORT) or remove them (REMOVE).
 * An import of a number that is on the account already resets its attributes and is accepted too. The list returns whole
 * orders with their numbers, although it doesn't know `orderDetails`. A failed number is in `Errors`, and may be missing
 * from the order's list of numbers, as in the reference's example.
 */
export const externalTns = describeOrders({
  name: 'external_tns',
  segment: 'externalTns',
  table: 'external_tns',
  place: 82,
  titles,
  job: {
    name: 'sync-external-tns',
    summary: "orders that added other carriers' numbers (external TNs), or removed them",
  },
  permission: {},
  optional: true,
  reportsChanges: true,
  history: [
    { effect: 'in', at: placedAt, orders: ended('IMPORT'), numbers: `n.outcome = 'ACCEPTED'` },
    { effect: 'out', at: placedAt, orders: ended('REMOVE'), numbers: `n.outcome = 'ACCEPTED'` },
  ],
  columns: [
    ...commonColumns,
    { field: 'Action', name: 'action', type: 'text' },
    { field: 'SiteId', name: 'site_id', type: 'text' },
    { field: 'SipPeerId', name: 'peer_id', type: 'text' },
    { field: 'LoaType', name: 'loa_type', type: 'text' },
  ],
  list: {
    ...unpaged,
    container: 'ExternalTnsOrders',
    item: 'ExternalTnsOrder',
    wholeItem: 'ExternalTnsOrder',
    alwaysWhole: true,
    totalCount: 'ExternalTnsOrders.TotalCount',
    // Orders may omit the type of the letter of authorization, but not the action.
    splits: [
      endStatuses,
      { parameter: 'action', values: ['IMPORT', 'REMOVE'] },
      { parameter: 'loaType', values: ['CARRIER', 'SUBSCRIBER'] },
    ],
  },
  details: {
    root: 'ExternalTnsOrder',
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      ...commonFields(),
      { path: 'Action', column: 'action', type: 'text', listed: true },
      { path: 'SiteId', column: 'site_id', type: 'text', listed: true },
      { path: 'SipPeerId', column: 'peer_id', type: 'text', listed: true },
      { path: 'LoaType', column: 'loa_type', type: 'text', listed: true },
    ],
    numbers: {
      path: 'TelephoneNumbers.TelephoneNumber',
      listedCount: 'count_of_tns',
      outcomes: true,
      failuresApart: true,
    },
    terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
  },
  concerns: [
    unknownOutcomes(titles),
    {
      kind: 'problem',
      condition: `upper(status) in ('COMPLETE', 'PARTIAL') and coalesce(upper(action) not in ('IMPORT', 'REMOVE'), true)`,
      columns: 'order_id, action, status, order_date',
      text: (count, isOne) =>
        `${count} ${isOne ? 'external number order has' : 'external number orders have'} an action other than IMPORT and REMOVE, so it is unknown whether ${isOne ? 'its' : 'their'} numbers belong to another carrier. Ask Bandwidth.`,
    },
  ],
});
