import { changedWithin, describeOrders, orderPath } from '../describe-orders.js';
import type { OrderDescription } from '../resource.js';
import { portColumns, portHarmless, portouts } from './portouts.js';

const carrierFields = ['BillingTelephoneNumber', 'LNPLosingCarrierId', 'LNPLosingCarrierName', 'PortType', 'Internal'];

const submitted = describeOrders({
  name: 'portins',
  segment: 'portins',
  table: 'portins',
  place: 60,
  titles: { one: 'port-in', many: 'port-ins' },
  job: { name: 'sync-portins', summary: 'port-ins, including drafts' },
  permission: { role: 'Porting' },
  reportsChanges: true,
  isPort: true,
  // A port-in lists its numbers from the start, but only a completed one moves them.
  history: {
    effect: 'in',
    at: 'coalesce(o.actual_foc_date, o.last_modified_date, o.order_date)',
    orders: `upper(o.status) = 'COMPLETE'`,
  },
  events: { exceptStatuses: ['DRAFT'] },
  notes: true,
  // The text of a port-in's error may quote the subscriber's correct address or PIN: it is read but never stored.
  columns: [
    ...portColumns,
    { field: 'BillingTelephoneNumber', name: 'billing_telephone_number', type: 'text' },
    { field: 'LNPLosingCarrierId', name: 'losing_carrier_id', type: 'text' },
    { field: 'LNPLosingCarrierName', name: 'losing_carrier_name', type: 'text' },
    { field: 'PortType', name: 'port_type', type: 'text' },
    { field: 'Internal', name: 'internal', type: 'boolean' },
  ],
  kept: ['FullNumber'],
  // As the reference's examples show, the list may include port-outs.
  strays: { orderType: '^port_?out$', orders: portouts, kept: carrierFields },
  list: {
    pageSize: 1000,
    container: 'LNPResponseWrapper',
    item: 'lnpPortInfoForGivenStatus',
    totalCount: 'LNPResponseWrapper.TotalCount',
    moreFields: ['FullNumber', 'ErrorMessage'],
    window: changedWithin,
  },
  details: {
    root: 'LnpOrderResponse',
    personal: true,
    id: 'OrderId',
    status: 'ProcessingStatus',
    lastModified: 'LastModifiedDate',
    fields: [
      { path: 'CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
      { path: 'OrderCreateDate', column: 'order_date', type: 'date', listed: true },
      { path: 'userId', column: 'user_id', type: 'text', listed: true },
      { path: 'LosingCarrierName', column: 'losing_carrier_name', type: 'text', listed: true },
      { path: 'LosingCarrierIsWireless', column: 'losing_carrier_is_wireless', type: 'flag' },
      { path: 'BillingTelephoneNumber', column: 'billing_telephone_number', type: 'text', listed: true },
      { path: 'NewBillingTelephoneNumber', column: 'new_billing_telephone_number', type: 'text' },
      { path: 'RequestedFocDate', column: 'requested_foc_date', type: 'date', listed: true },
      { path: 'ActualFocDate', column: 'actual_foc_date', type: 'date', listed: true },
      { path: 'PON', column: 'pon', type: 'text', listed: true },
      { path: 'PortType', column: 'port_type', type: 'text', listed: true },
      { path: 'Internal', column: 'internal', type: 'flag', listed: true },
      { path: 'PartialPort', column: 'partial_port', type: 'flag' },
      { path: 'Triggered', column: 'triggered', type: 'flag' },
      { path: 'SiteId', column: 'site_id', type: 'text' },
      { path: 'PeerId', column: 'peer_id', type: 'text' },
      { path: 'VendorName', column: 'vendor_name', type: 'text', listed: true },
    ],
    numbers: {
      path: 'ListOfPhoneNumbers.PhoneNumber',
      listedCount: 'count_of_tns',
      own: orderPath('portins', '/tns'),
    },
    harmless: portHarmless,
    terminalStatuses: ['COMPLETE', 'CANCELLED'],
  },
  concerns: [
    {
      kind: 'notice',
      condition: `upper(status) = 'EXCEPTION'`,
      columns: 'order_id, losing_carrier_name, count_of_tns, order_date, last_modified_date, error_code',
      order: 'order_date nulls first, order_id',
      text: (count, isOne) =>
        `${count} ${isOne ? 'port-in is in EXCEPTION and requires' : 'port-ins are in EXCEPTION and require'} a response.`,
    },
  ],
});

/** Orders that port numbers in from other carriers. Drafts are listed only on request. */
export const portins: OrderDescription = {
  ...submitted,
  moreLists: [
    {
      name: 'portin_drafts',
      title: 'port-in drafts',
      list: { ...submitted.list, query: () => ({ status: 'draft' }) },
    },
  ],
};
