/** Status of a number order; the last four are final. `account.changeOrder` can set any other value. */
export type NumberOrderStatus =
  | 'RECEIVED'
  | 'PROCESSING'
  | 'BACKORDERED'
  | 'COMPLETE'
  | 'PARTIAL'
  | 'FAILED'
  | 'CANCELLED';

/** Status of a disconnect or assignment order; the last three are final. */
export type WorkOrderStatus = 'RECEIVED' | 'PROCESSING' | 'COMPLETE' | 'PARTIAL' | 'FAILED';

/** Status of a port-in; CANCELLED and COMPLETE are final. In EXCEPTION or DRAFT it stays until somebody acts. */
export type PortInStatus =
  | 'DRAFT'
  | 'PENDING_DOCUMENTS'
  | 'SUBMITTED'
  | 'EXCEPTION'
  | 'REQUESTED_SUPP'
  | 'FOC'
  | 'REQUESTED_CANCEL'
  | 'CANCELLED'
  | 'COMPLETE';

/** Status of a port-out. The API examples show NEW and COMPLETE; the sandbox adds FOC and CANCELLED. */
export type PortOutStatus = 'NEW' | 'FOC' | 'COMPLETE' | 'CANCELLED';

/** The kinds of orders, named like the API resources. */
export type OrderKind =
  | 'orders'
  | 'disconnects'
  | 'portins'
  | 'portouts'
  | 'numbersAssignment'
  | 'importTnOrders'
  | 'removeImportedTnOrders'
  | 'externalTns';

/** Common fields of all orders. Dates are exact to the millisecond unless noted otherwise. */
export interface SandboxOrderBase {
  orderId: string;
  customerOrderId: string | undefined;
  orderDate: Date;
  lastModifiedDate: Date;
  userId: string;
}

/** A new-number order. */
export interface SandboxOrder extends SandboxOrderBase {
  status: NumberOrderStatus;
  orderType: 'new_number';
  name: string;
  siteId: string;
  peerId: string | undefined;
  /** The dates as the list shows them: for one order in six to the hour only. `orders/{id}` shows them exactly. */
  listed: { orderDate: Date; lastModifiedDate: Date };
  /** When it ended, as in `OrderCompleteDate`. */
  completedDate: Date | undefined;
  /** How many numbers were requested. */
  quantity: number;
  /** How many numbers were delivered: `CountOfTNs` in the list, `CompletedQuantity` in the details. */
  countOfTns: number;
  failedQuantity: number;
  backOrderRequested: boolean;
  partialAllowed: boolean;
  /** Element of the order type and its content, such as `AreaCodeSearchAndOrderType` with `AreaCode`. */
  search: { type: string; criteria: Record<string, string> };
  numbers: SandboxOrderNumber[];
}

/**
 * COMPLETED: on the account since `inServiceDate`. FAILED and PENDING numbers are not on the account. They appear only
 * in the request that the details repeat, and FAILED numbers also in its `ErrorList`.
 */
export interface SandboxOrderNumber {
  telephoneNumber: string;
  outcome: 'COMPLETED' | 'FAILED' | 'PENDING';
  inServiceDate: Date | undefined;
}

export interface SandboxDisconnect extends SandboxOrderBase {
  status: WorkOrderStatus;
  orderType: 'disconnect';
  name: string;
  /** All numbers in the order, including failed ones. */
  countOfTns: number;
  disconnectMode: string;
  protected: string;
  numbers: SandboxDisconnectNumber[];
}

export interface SandboxDisconnectNumber {
  telephoneNumber: string;
  outcome: 'DISCONNECTED' | 'FAILED' | 'PENDING';
  errorCode: string | undefined;
  errorDescription: string | undefined;
}

/** Numbers with the same error, as order details group them. */
export interface SandboxOrderError {
  code: string;
  description: string;
  telephoneNumbers: string[];
}

/**
 * Personal data and secrets in the details of a port-in. None of these values may appear in a database, log or report.
 */
export interface PersonalData {
  firstName: string;
  lastName: string;
  businessName: string | undefined;
  houseNumber: string;
  streetName: string;
  loaAuthorizingPerson: string;
  accountNumber: string;
  pinNumber: string;
}

export interface SandboxPortIn extends SandboxOrderBase {
  status: PortInStatus;
  orderType: 'port_in';
  countOfTns: number;
  billingTelephoneNumber: string;
  losingCarrierId: string;
  losingCarrierName: string;
  losingCarrierIsWireless: boolean;
  /** Exact to the second. */
  requestedFocDate: Date;
  /** Set from FOC on; exact to the second. */
  actualFocDate: Date | undefined;
  pon: string;
  siteId: string;
  peerId: string;
  vendorId: string;
  vendorName: string;
  partialPort: boolean;
  triggered: boolean;
  portType: string;
  subscriberType: 'BUSINESS' | 'RESIDENTIAL';
  /** In service since the actual FOC date once the port-in is COMPLETE; not before. */
  numbers: string[];
  errors: SandboxOrderError[];
  personal: PersonalData;
}

export interface SandboxPortOut extends SandboxOrderBase {
  status: PortOutStatus;
  orderType: 'port_out';
  /** 0 while the port-out is NEW, when no resource shows its number. */
  countOfTns: number;
  telephoneNumber: string;
  requestedFocDate: Date;
  actualFocDate: Date | undefined;
  pon: string;
  /** The winning carrier: `VendorId` in the list, `SPID` in the details. */
  spid: string;
  errorCode: string;
  errorMessage: string;
}

export interface SandboxAssignmentOrder extends SandboxOrderBase {
  status: WorkOrderStatus;
  orderType: 'NUMBERS_ASSIGNMENT_ORDER';
  action: 'ASSIGN' | 'UNASSIGN';
  totalQuantity: number;
  /** 0 while the order is open. */
  failedQuantity: number;
  /** In request order. No resource shows `lastModifiedDate`, but the filters use it. */
  numbers: SandboxAssignmentNumber[];
}

export interface SandboxAssignmentNumber {
  telephoneNumber: string;
  /** Undefined while the order is open. */
  outcome: 'ACCEPTED' | 'FAILED' | undefined;
  /** Also undefined for failed numbers of a FAILED order that lists no errors. */
  errorCode: string | undefined;
  errorDescription: string | undefined;
}

/** An order that imports numbers of other carriers. An imported number is in service until a removal. */
export interface SandboxImportOrder extends SandboxOrderBase {
  status: WorkOrderStatus;
  orderType: 'import_tn_orders';
  siteId: string;
  sipPeerId: string;
  loaType: 'CARRIER' | 'SUBSCRIBER';
  numbers: SandboxAssignmentNumber[];
  personal: PersonalData;
}

/** An order that removes imported numbers. */
export interface SandboxRemoval extends SandboxOrderBase {
  status: WorkOrderStatus;
  orderType: 'remove_imported_tn_orders';
  numbers: SandboxAssignmentNumber[];
}

/** An order that imports or removes numbers of other carriers, which the customer provides. */
export interface SandboxExternalOrder extends SandboxOrderBase {
  status: WorkOrderStatus;
  action: 'IMPORT' | 'REMOVE';
  siteId: string;
  /** Optional, like the type of the letter of authorization. */
  sipPeerId: string | undefined;
  loaType: 'CARRIER' | 'SUBSCRIBER' | undefined;
  numbers: SandboxAssignmentNumber[];
}

/** A disconnected number as listed by `discnumbers`: no order has added it again. */
export interface SandboxDisconnectedNumber {
  telephoneNumber: string;
  disconnectedAt: Date;
  /** Undefined if no order disconnected it (`account.disconnect`, `account.churn`). */
  orderId: string | undefined;
}
