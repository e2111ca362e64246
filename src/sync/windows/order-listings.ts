import {
  disconnects,
  importTnOrders,
  numberAssignments,
  orders,
  portinDrafts,
  portins,
  portouts,
  removeImportedTnOrders,
} from '../../dashboard/order-resources.js';
import { type OrderColumn, type OrderTarget, orderListing } from './order-listing.js';

const commonColumns: readonly OrderColumn[] = [
  { field: 'CustomerOrderId', name: 'customer_order_id', type: 'text' },
  { field: 'OrderType', name: 'order_type', type: 'text' },
  { field: 'OrderStatus', name: 'status', type: 'text' },
  { field: 'OrderDate', name: 'order_date', type: 'timestamptz' },
  { field: 'lastModifiedDate', name: 'last_modified_date', type: 'timestamptz' },
  { field: 'CountOfTNs', name: 'count_of_tns', type: 'integer' },
  { field: 'userId', name: 'user_id', type: 'text' },
];

const portColumns: readonly OrderColumn[] = [
  ...commonColumns,
  { field: 'RequestedFOCDate', name: 'requested_foc_date', type: 'timestamptz' },
  { field: 'ActualFOCDate', name: 'actual_foc_date', type: 'timestamptz' },
  { field: 'PON', name: 'pon', type: 'text' },
  { field: 'VendorId', name: 'vendor_id', type: 'text' },
  { field: 'VendorName', name: 'vendor_name', type: 'text' },
  { field: 'ErrorCode', name: 'error_code', type: 'text' },
];

// The text of a port-in's error may quote what its subscriber's address or PIN should be: it is read, and not kept.
const portinColumns: readonly OrderColumn[] = [
  ...portColumns,
  { field: 'BillingTelephoneNumber', name: 'billing_telephone_number', type: 'text' },
  { field: 'LNPLosingCarrierId', name: 'losing_carrier_id', type: 'text' },
  { field: 'LNPLosingCarrierName', name: 'losing_carrier_name', type: 'text' },
  { field: 'PortType', name: 'port_type', type: 'text' },
  { field: 'Internal', name: 'internal', type: 'boolean' },
];

const portoutTarget = {
  kind: 'portouts',
  table: 'portouts',
  columns: [...portColumns, { field: 'ErrorMessage', name: 'error_message', type: 'text' }],
  numberField: 'FullNumber',
} as const satisfies OrderTarget;

// As the reference's examples of the list show, port-outs may stand among the port-ins.
const portinTarget = {
  kind: 'portins',
  table: 'portins',
  columns: portinColumns,
  kept: ['FullNumber'],
  strays: {
    ...portoutTarget,
    orderType: '^port_?out$',
    kept: ['BillingTelephoneNumber', 'LNPLosingCarrierId', 'LNPLosingCarrierName', 'PortType', 'Internal'],
  },
} as const;

export const ordersListing = orderListing({
  name: 'orders',
  title: 'number orders',
  resource: orders,
  kind: 'orders',
  table: 'orders',
  columns: commonColumns,
});

export const disconnectsListing = orderListing({
  name: 'disconnects',
  title: 'disconnect orders',
  resource: disconnects,
  kind: 'disconnects',
  table: 'disconnects',
  columns: commonColumns,
});

export const portinsListing = orderListing({
  name: 'portins',
  title: 'port-ins',
  resource: portins,
  ...portinTarget,
});

export const portinDraftsListing = orderListing({
  name: 'portin_drafts',
  title: 'drafts of port-ins',
  resource: portinDrafts,
  ...portinTarget,
});

export const portoutsListing = orderListing({
  name: 'portouts',
  title: 'port-outs',
  resource: portouts,
  ...portoutTarget,
});

export const numberAssignmentsListing = orderListing({
  name: 'number_assignments',
  title: 'assignment orders',
  resource: numberAssignments,
  kind: 'number_assignments',
  table: 'number_assignment_orders',
  columns: [
    { field: 'CustomerOrderId', name: 'customer_order_id', type: 'text' },
    { field: 'Action', name: 'action', type: 'action' },
    { field: 'OrderStatus', name: 'status', type: 'text' },
    { field: 'TotalQuantity', name: 'total_quantity', type: 'integer' },
    { field: 'FailedQuantity', name: 'failed_quantity', type: 'integer' },
    { field: 'OrderDate', name: 'order_date', type: 'timestamptz' },
    { field: 'lastModifiedDate', name: 'last_modified_date', type: 'timestamptz' },
    { field: 'userId', name: 'user_id', type: 'text' },
  ],
});

export const importsListing = orderListing({
  name: 'import_tn_orders',
  title: 'import orders',
  resource: importTnOrders,
  kind: 'import_tn_orders',
  table: 'import_tn_orders',
  columns: commonColumns,
});

export const removalsListing = orderListing({
  name: 'remove_imported_tn_orders',
  title: 'removals of imported numbers',
  resource: removeImportedTnOrders,
  kind: 'remove_imported_tn_orders',
  table: 'remove_imported_tn_orders',
  columns: commonColumns,
});
