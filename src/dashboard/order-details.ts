/** The kinds of orders. */
export type OrderKind =
  | 'orders'
  | 'disconnects'
  | 'portins'
  | 'portouts'
  | 'number_assignments'
  | 'import_tn_orders'
  | 'remove_imported_tn_orders';

/** An order resource that is read by id, as data: where an order is, and what of it is read. */
export interface OrderDetailResource {
  kind: OrderKind;
  /** Of the orders; that of their numbers is told by `numbers`. */
  table: string;
  /** What messages call its orders: `number orders`. */
  title: string;
  /** Below the API's address. */
  path: (account: string, orderId: string) => string;
  root: string;
  /** All paths are from the root's children down, and are looked up whatever the case of their names. */
  id?: string;
  status: string;
  /** When Bandwidth last changed the order, where the answer tells it. */
  lastModified?: string;
  fields: readonly DetailField[];
  numbers?: NumbersInDetails;
  /** Its answers hold personal data, which descriptions of errors may repeat: only their codes are told. */
  personal?: true;
  /** Statuses in which an order stays; every other one, known or not, may still change. */
  terminalStatuses: readonly string[];
}

export interface DetailField {
  path: string;
  column: string;
  type: 'text' | 'date' | 'count' | 'flag' | 'action';
  /** The list may tell it too; what the order leaves out then stays. Else the order's answer is all there is to know. */
  listed?: true;
}

export interface NumbersInDetails {
  table: string;
  /** Path of the element that repeats: a number is its text, or that of its `FullNumber`. */
  path: string;
  /** Column of how many there are to be, as the list tells it. */
  listedCount: string;
  /** Path of how many there are to be, where the answer tells it. */
  count?: string;
  /** Path of how many of them failed. */
  failedCount?: string;
  /** The numbers that were asked for, where they are told apart from those of `path`: an order that is COMPLETE got them all. */
  requested?: string;
  /** The resource that names the numbers where the order leaves them out. */
  own?: (account: string, orderId: string) => string;
  /** Each number has an outcome of its own, told by the order's errors. */
  outcomes?: true;
  /** Failed numbers may stand under the errors alone, as the reference's example has them: that is no contradiction. */
  failuresApart?: true;
}

const below = (account: string, resource: string, orderId: string) =>
  `/accounts/${encodeURIComponent(account)}/${resource}/${encodeURIComponent(orderId)}`;

/** New-number orders. Their list says nothing of their numbers. */
export const orderDetails: OrderDetailResource = {
  kind: 'orders',
  table: 'orders',
  title: 'number orders',
  path: (account, orderId) => below(account, 'orders', orderId),
  root: 'OrderResponse',
  id: 'Order.id',
  status: 'OrderStatus',
  lastModified: 'LastModifiedDate',
  fields: [
    { path: 'Order.CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
    { path: 'Order.OrderCreateDate', column: 'order_date', type: 'date', listed: true },
    { path: 'CreatedByUser', column: 'user_id', type: 'text', listed: true },
    { path: 'Order.Name', column: 'name', type: 'text' },
    { path: 'Order.SiteId', column: 'site_id', type: 'text' },
    { path: 'Order.PeerId', column: 'peer_id', type: 'text' },
    { path: 'CompletedQuantity', column: 'completed_quantity', type: 'count' },
    // What the list calls CountOfTNs.
    { path: 'CompletedQuantity', column: 'count_of_tns', type: 'count', listed: true },
    { path: 'FailedQuantity', column: 'failed_quantity', type: 'count' },
    { path: 'OrderCompleteDate', column: 'order_complete_date', type: 'date' },
    { path: 'Order.BackOrderRequested', column: 'back_order_requested', type: 'flag' },
    { path: 'Order.PartialAllowed', column: 'partial_allowed', type: 'flag' },
  ],
  numbers: {
    table: 'orders_numbers',
    path: 'CompletedNumbers.TelephoneNumber',
    listedCount: 'count_of_tns',
    count: 'CompletedQuantity',
    own: (account, orderId) => `${below(account, 'orders', orderId)}/tns`,
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'],
};

/** Orders by which numbers were given back. */
export const disconnectDetails: OrderDetailResource = {
  kind: 'disconnects',
  table: 'disconnects',
  title: 'disconnect orders',
  path: (account, orderId) => below(account, 'disconnects', orderId),
  root: 'DisconnectTelephoneNumberOrderResponse',
  id: 'orderRequest.id',
  status: 'OrderStatus',
  fields: [
    { path: 'orderRequest.CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
    { path: 'orderRequest.OrderCreateDate', column: 'order_date', type: 'date', listed: true },
    { path: 'orderRequest.Name', column: 'name', type: 'text' },
    {
      path: 'orderRequest.DisconnectTelephoneNumberOrderType.DisconnectMode',
      column: 'disconnect_mode',
      type: 'text',
    },
    { path: 'orderRequest.DisconnectTelephoneNumberOrderType.Protected', column: 'protected', type: 'text' },
  ],
  numbers: {
    table: 'disconnects_numbers',
    path: 'DisconnectedTelephoneNumberList.TelephoneNumber',
    listedCount: 'count_of_tns',
    requested: 'orderRequest.DisconnectTelephoneNumberOrderType.TelephoneNumberList.TelephoneNumber',
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED', 'CANCELLED'],
};

/** Port-ins. */
export const portinDetails: OrderDetailResource = {
  kind: 'portins',
  table: 'portins',
  title: 'port-ins',
  path: (account, orderId) => below(account, 'portins', orderId),
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
    table: 'portins_numbers',
    path: 'ListOfPhoneNumbers.PhoneNumber',
    listedCount: 'count_of_tns',
    own: (account, orderId) => `${below(account, 'portins', orderId)}/tns`,
  },
  terminalStatuses: ['COMPLETE', 'CANCELLED'],
};

/**
 * Port-outs. They name no numbers (the list does), but are the only ones to tell the actual FOC date, by which a number left,
 * and the purchase order number.
 */
export const portoutDetails: OrderDetailResource = {
  kind: 'portouts',
  table: 'portouts',
  title: 'port-outs',
  path: (account, orderId) => below(account, 'portouts', orderId),
  root: 'LnpOrderResponse',
  id: 'OrderId',
  status: 'PortOutStatus',
  lastModified: 'LastModifiedDate',
  fields: [
    { path: 'CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
    { path: 'OrderCreateDate', column: 'order_date', type: 'date', listed: true },
    { path: 'userId', column: 'user_id', type: 'text', listed: true },
    { path: 'RequestedFocDate', column: 'requested_foc_date', type: 'date', listed: true },
    { path: 'ActualFocDate', column: 'actual_foc_date', type: 'date' },
    { path: 'PON', column: 'pon', type: 'text', listed: true },
    { path: 'SPID', column: 'spid', type: 'text' },
  ],
  terminalStatuses: ['COMPLETE', 'CANCELLED', 'REJECTED', 'FAILED'],
};

/** Orders by which numbers were declared assigned or not. */
export const assignmentDetails: OrderDetailResource = {
  kind: 'number_assignments',
  table: 'number_assignment_orders',
  title: 'assignment orders',
  path: (account, orderId) => below(account, 'numbersAssignment', orderId),
  root: 'TelephoneNumbersAssignmentOrderResponse',
  id: 'OrderId',
  status: 'ProcessingStatus',
  lastModified: 'LastModifiedDate',
  fields: [
    {
      path: 'TelephoneNumbersAssignmentOrder.CustomerOrderId',
      column: 'customer_order_id',
      type: 'text',
      listed: true,
    },
    { path: 'TelephoneNumbersAssignmentOrder.Action', column: 'action', type: 'action', listed: true },
    { path: 'OrderCreateDate', column: 'order_date', type: 'date', listed: true },
    { path: 'CreatedByUser', column: 'user_id', type: 'text', listed: true },
    { path: 'TotalQuantity', column: 'total_quantity', type: 'count', listed: true },
    { path: 'FailedQuantity', column: 'failed_quantity', type: 'count', listed: true },
  ],
  numbers: {
    table: 'number_assignment_order_numbers',
    path: 'TelephoneNumbersAssignmentOrder.TelephoneNumbers.TelephoneNumber',
    listedCount: 'total_quantity',
    count: 'TotalQuantity',
    failedCount: 'FailedQuantity',
    outcomes: true,
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
};

/** What orders that import numbers and those that remove them again have in common. */
const importFields = [
  { path: 'CustomerOrderId', column: 'customer_order_id', type: 'text', listed: true },
  { path: 'OrderCreateDate', column: 'order_date', type: 'date', listed: true },
  { path: 'CreatedByUser', column: 'user_id', type: 'text', listed: true },
] as const satisfies readonly DetailField[];

/**
 * Orders that import numbers of other carriers. A failed number stands under `Errors`, and may be missing from the order's own list
 * of numbers, as in the reference's example.
 */
export const importDetails: OrderDetailResource = {
  kind: 'import_tn_orders',
  table: 'import_tn_orders',
  title: 'import orders',
  path: (account, orderId) => below(account, 'importTnOrders', orderId),
  root: 'ImportTnOrder',
  personal: true,
  id: 'OrderId',
  status: 'ProcessingStatus',
  lastModified: 'LastModifiedDate',
  fields: [
    ...importFields,
    { path: 'SiteId', column: 'site_id', type: 'text' },
    { path: 'SipPeerId', column: 'peer_id', type: 'text' },
    { path: 'LoaType', column: 'loa_type', type: 'text' },
  ],
  numbers: {
    table: 'import_tn_orders_numbers',
    path: 'TelephoneNumbers.TelephoneNumber',
    listedCount: 'count_of_tns',
    outcomes: true,
    failuresApart: true,
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
};

/** Orders that remove imported numbers from the account. */
export const removeImportedDetails: OrderDetailResource = {
  kind: 'remove_imported_tn_orders',
  table: 'remove_imported_tn_orders',
  title: 'removals of imported numbers',
  path: (account, orderId) => below(account, 'removeImportedTnOrders', orderId),
  root: 'RemoveImportedTnOrder',
  id: 'OrderId',
  status: 'ProcessingStatus',
  lastModified: 'LastModifiedDate',
  fields: importFields,
  numbers: {
    table: 'remove_imported_tn_orders_numbers',
    path: 'TelephoneNumbers.TelephoneNumber',
    listedCount: 'count_of_tns',
    outcomes: true,
    failuresApart: true,
  },
  terminalStatuses: ['COMPLETE', 'PARTIAL', 'FAILED'],
};

/** Every kind of order that is read by id. */
export const orderDetailResources: readonly OrderDetailResource[] = [
  orderDetails,
  disconnectDetails,
  portinDetails,
  portoutDetails,
  assignmentDetails,
  importDetails,
  removeImportedDetails,
];
