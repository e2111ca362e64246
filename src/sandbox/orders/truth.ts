/** Where a number order is: the last four are its ends. `account.changeOrder` may set any other word too. */
export type NumberOrderStatus =
  | 'RECEIVED'
  | 'PROCESSING'
  | 'BACKORDERED'
  | 'COMPLETE'
  | 'PARTIAL'
  | 'FAILED'
  | 'CANCELLED';

/** Where a disconnect or an assignment order is: the last three are its ends. */
export type WorkOrderStatus = 'RECEIVED' | 'PROCESSING' | 'COMPLETE' | 'PARTIAL' | 'FAILED';

/** Where a port-in is: CANCELLED and COMPLETE are its ends; one in EXCEPTION or DRAFT stays there until somebody acts. */
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

/** Where a port-out is. The seeds show NEW and COMPLETE; FOC and CANCELLED are the sandbox's decision. */
export type PortOutStatus = 'NEW' | 'FOC' | 'COMPLETE' | 'CANCELLED';

/** The kinds of orders, named as the API's resources are. */
export type OrderKind =
  | 'orders'
  | 'disconnects'
  | 'portins'
  | 'portouts'
  | 'numbersAssignment'
  | 'importTnOrders'
  | 'removeImportedTnOrders';

/** What the orders of all kinds have. Dates are exact to the millisecond unless a field says otherwise. */
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
  /** The dates as the list writes them: of one order in six no more than the hour; `orders/{id}` has them exactly. */
  listed: { orderDate: Date; lastModifiedDate: Date };
  /** When it reached its end, as `OrderCompleteDate`. */
  completedDate: Date | undefined;
  /** How many numbers were asked for. */
  quantity: number;
  /** How many came: `CountOfTNs` in the list, `CompletedQuantity` in the details. */
  countOfTns: number;
  failedQuantity: number;
  backOrderRequested: boolean;
  partialAllowed: boolean;
  /** Element of the order type, and what it holds, such as `AreaCodeSearchAndOrderType` with `AreaCode`. */
  search: { type: string; criteria: Record<string, string> };
  numbers: SandboxOrderNumber[];
}

/**
 * COMPLETED: on the account since `inServiceDate`. FAILED and PENDING ones are named at most by the request that the
 * details repeat, and FAILED ones by its `ErrorList`: they are not on the account.
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
  /** All numbers that the order names, failed ones too. */
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

/** Numbers under one error, as order details list them. */
export interface SandboxOrderError {
  code: string;
  description: string;
  telephoneNumbers: string[];
}

/** Personal data and secrets in the details of a port-in: no value of these may reach a database, a log or a report. */
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
  /** From FOC on; exact to the second. */
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
  /** In service since the actual FOC date once the port-in is COMPLETE, and none of them before. */
  numbers: string[];
  errors: SandboxOrderError[];
  personal: PersonalData;
}

export interface SandboxPortOut extends SandboxOrderBase {
  status: PortOutStatus;
  orderType: 'port_out';
  /** 0 while the port-out is NEW, when nothing names its number. */
  countOfTns: number;
  telephoneNumber: string;
  requestedFocDate: Date;
  actualFocDate: Date | undefined;
  pon: string;
  /** `VendorId` in the list, `SPID` in the details: the carrier that takes the number over. */
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
  /** In the order in which the request named them. No resource tells `lastModifiedDate`; it is what the filters look at. */
  numbers: SandboxAssignmentNumber[];
}

export interface SandboxAssignmentNumber {
  telephoneNumber: string;
  /** Undefined while the order is open. */
  outcome: 'ACCEPTED' | 'FAILED' | undefined;
  /** Undefined of failed ones too where a FAILED order leaves its errors out. */
  errorCode: string | undefined;
  errorDescription: string | undefined;
}

/** An order that imports numbers of other carriers. A number that was imported is in service until a removal ends that. */
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

/** A number that the account gave back, of which `discnumbers` knows: it came back under no order since. */
export interface SandboxDisconnectedNumber {
  telephoneNumber: string;
  disconnectedAt: Date;
  /** Undefined where no order says so (`account.disconnect`, `account.churn`). */
  orderId: string | undefined;
}
