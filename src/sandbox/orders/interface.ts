import type { NotedKind, SandboxOrderEvent, SandboxOrderNote } from './order-trails.js';
import type {
  OrderKind,
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxDisconnectedNumber,
  SandboxExternalOrder,
  SandboxImportOrder,
  SandboxOrder,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './order-types.js';

/** How many orders of each kind an account starts with. Each defaults to a small share of its numbers. */
export interface OrderAmounts {
  /** New-number orders; one per ten numbers by default. With 0, no order explains where a number came from. */
  orders?: number;
  /** One per thirty numbers by default. */
  disconnects?: number;
  /** One per hundred numbers by default. */
  portins?: number;
  /** One per two hundred numbers by default. */
  portouts?: number;
  /** One per hundred numbers by default. */
  assignments?: number;
  /** Orders that imported one of the numbers; none by default. One in three also names a number that failed. */
  imports?: number;
  /** Imports by external number orders; some are followed by orders that remove numbers. */
  externals?: number;
  /** Orders that change features of numbers (TN options, LIDB, E911, …), of each kind; none by default. */
  features?: number;
  /** Share of the orders of each kind that are open when the sandbox starts, 0 to 1; one in fifty by default. */
  open?: number;
}

/** The amounts that are counts. */
export const amountNames = [
  'orders',
  'disconnects',
  'portins',
  'portouts',
  'assignments',
  'imports',
  'externals',
  'features',
] as const satisfies readonly Exclude<keyof OrderAmounts, 'open'>[];

/**
 * How long an assignment order placed by POST takes. `reads`: the response to the POST is RECEIVED, the order is
 * PROCESSING, and it ends at the nth read, regardless of the clock (with 0, it ends at once). `ms`: duration on the
 * sandbox clock, PROCESSING from half of it on.
 */
export type AssignmentPace = { reads: number } | { ms: number };

/** Common options of all orders that tests place. */
export interface PlaceOptions {
  customerOrderId?: string;
  userId?: string;
  /** When it was placed, possibly long ago; the current clock time by default. */
  orderDate?: Date;
  /** Run all steps at once, until the order ends or gets stuck. */
  done?: boolean;
}

export interface PlaceNumberOrder extends PlaceOptions {
  /** Numbers to deliver, or how many new ones; 1 by default. */
  numbers?: readonly string[] | number;
  /** COMPLETE by default. PARTIAL: every second number fails. FAILED: all numbers fail. */
  outcome?: 'COMPLETE' | 'PARTIAL' | 'FAILED';
  /** Number of deliveries, one day apart, BACKORDERED in between; 1 by default. */
  parts?: number;
}

export interface PlaceDisconnect extends PlaceOptions {
  /** Numbers on the account; others fail. */
  numbers: readonly string[];
  /** Whether `/tns` still lists them, as Aging. */
  aging?: boolean;
}

export interface PlacePortIn extends PlaceOptions {
  numbers?: readonly string[] | number;
  /** COMPLETE by default. The order stays in DRAFT, PENDING_DOCUMENTS, SUBMITTED and EXCEPTION. */
  outcome?: 'COMPLETE' | 'CANCELLED' | 'EXCEPTION' | 'DRAFT' | 'PENDING_DOCUMENTS' | 'SUBMITTED';
  /** The losing carrier; depends on the order by default. */
  losingCarrierName?: string;
}

export interface PlacePortOut extends PlaceOptions {
  number: string;
  /** COMPLETE (the number leaves) by default. */
  outcome?: 'COMPLETE' | 'CANCELLED';
}

export interface PlaceAssignment extends PlaceOptions {
  action: 'ASSIGN' | 'UNASSIGN';
  numbers: readonly string[];
}

export interface PlaceImport extends PlaceOptions {
  numbers?: readonly string[] | number;
  /** COMPLETE by default, if the numbers allow it. PARTIAL: every second number fails. FAILED: all numbers fail. */
  outcome?: 'COMPLETE' | 'PARTIAL' | 'FAILED';
  loaType?: 'CARRIER' | 'SUBSCRIBER';
}

export interface PlaceRemoval extends PlaceOptions {
  /** Imported numbers; others fail. */
  numbers: readonly string[];
}

export interface PlaceExternal extends PlaceOptions {
  action: 'IMPORT' | 'REMOVE';
  /** To remove: imported numbers, others fail. Importing a number that is imported already succeeds. */
  numbers?: readonly string[] | number;
  /** As for `PlaceImport`. */
  outcome?: 'COMPLETE' | 'PARTIAL' | 'FAILED';
  loaType?: 'CARRIER' | 'SUBSCRIBER';
}

/** What can change about an order of any kind and age. `lastModifiedDate` defaults to the current clock time. */
export interface OrderPatch {
  status?: string;
  customerOrderId?: string | undefined;
  lastModifiedDate?: Date;
}

/** What a busy day did: the IDs by kind of the orders that were placed and of the old orders that changed. */
export interface SandboxBusyDay {
  placed: Record<OrderKind, string[]>;
  changed: Record<OrderKind, string[]>;
}

/** The orders of an account, for tests: their state, and ways to change them. Due steps always run first. */
export interface SandboxOrders {
  /** The number orders, newest first, like all lists here. */
  orders(): SandboxOrder[];
  disconnects(): SandboxDisconnect[];
  /** Includes drafts, which the API lists only on request. */
  portIns(): SandboxPortIn[];
  portOuts(): SandboxPortOut[];
  assignmentOrders(): SandboxAssignmentOrder[];
  importOrders(): SandboxImportOrder[];
  removals(): SandboxRemoval[];
  externalOrders(): SandboxExternalOrder[];
  /** In ascending order of the numbers. */
  disconnectedNumbers(): SandboxDisconnectedNumber[];
  placeOrder(options?: PlaceNumberOrder): SandboxOrder;
  placeDisconnect(options: PlaceDisconnect): SandboxDisconnect;
  placePortIn(options?: PlacePortIn): SandboxPortIn;
  placePortOut(options: PlacePortOut): SandboxPortOut;
  placeAssignment(options: PlaceAssignment): SandboxAssignmentOrder;
  placeImport(options?: PlaceImport): SandboxImportOrder;
  placeRemoval(options: PlaceRemoval): SandboxRemoval;
  placeExternal(options: PlaceExternal): SandboxExternalOrder;
  changeOrder(kind: OrderKind, orderId: string, patch?: OrderPatch): void;
  /** What happened to an order, as its history has it if the order has one: in the API, drafts and number orders with one event don't. */
  orderEvents(kind: 'orders' | 'portins', orderId: string): SandboxOrderEvent[];
  orderNotes(kind: NotedKind, orderId: string): SandboxOrderNote[];
  /** Adds a note, which doesn't change the order itself. */
  addOrderNote(kind: NotedKind, orderId: string, text: string): void;
  /**
   * A busy day that depends on the seed: orders of all kinds are placed (some finish at once), back-orders begin,
   * numbers are disconnected, ported, assigned and unassigned, and a few old orders change. The clock does not move.
   */
  busyDay(seed: number): SandboxBusyDay;
}
