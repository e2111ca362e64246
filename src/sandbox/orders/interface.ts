import type {
  OrderKind,
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxDisconnectedNumber,
  SandboxImportOrder,
  SandboxOrder,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './truth.js';

/** How many orders of each kind an account starts with; what is left out is a small share of its numbers. */
export interface OrderAmounts {
  /** New-number orders: a tenth of the numbers unless told. With 0, no order says where a number came from. */
  orders?: number;
  /** A thirtieth of the numbers unless told. */
  disconnects?: number;
  /** A hundredth of the numbers unless told. */
  portins?: number;
  /** A two-hundredth of the numbers unless told. */
  portouts?: number;
  /** A hundredth of the numbers unless told. */
  assignments?: number;
  /** Orders that imported one of the numbers; none unless told. One in three also names a number that failed. */
  imports?: number;
  /** How many of the orders are still on their way when the sandbox starts, of each kind: 0 to 1, one in fifty unless told. */
  open?: number;
}

/**
 * How long an assignment order that comes by POST takes. `reads`: the answer is RECEIVED, that many reads of the order
 * later it is at its end, PROCESSING in between, whatever the clock says (0: the answer is the end). `ms`: as the
 * sandbox's clock moves, PROCESSING from half of that on.
 */
export type AssignmentPace = { reads: number } | { ms: number };

/** What is common to all orders that tests place. */
export interface PlaceOptions {
  customerOrderId?: string;
  userId?: string;
  /** When it was placed, the clock's now unless told: also long ago. */
  orderDate?: Date;
  /** Take all its steps at once, up to where it ends or gets stuck. */
  done?: boolean;
}

export interface PlaceNumberOrder extends PlaceOptions {
  /** Numbers that come, or how many new ones; 1 unless told. */
  numbers?: readonly string[] | number;
  /** COMPLETE unless told. PARTIAL: every second number fails; FAILED: all. */
  outcome?: 'COMPLETE' | 'PARTIAL' | 'FAILED';
  /** In so many parts, a day apart, BACKORDERED in between; 1 unless told. */
  parts?: number;
}

export interface PlaceDisconnect extends PlaceOptions {
  /** Numbers that the account holds; others fail. */
  numbers: readonly string[];
  /** Whether `/tns` still names them, as Aging. */
  aging?: boolean;
}

export interface PlacePortIn extends PlaceOptions {
  numbers?: readonly string[] | number;
  /** COMPLETE unless told; DRAFT, PENDING_DOCUMENTS, SUBMITTED and EXCEPTION: it stays there. */
  outcome?: 'COMPLETE' | 'CANCELLED' | 'EXCEPTION' | 'DRAFT' | 'PENDING_DOCUMENTS' | 'SUBMITTED';
  /** The losing carrier, one that follows from the order unless told. */
  losingCarrierName?: string;
}

export interface PlacePortOut extends PlaceOptions {
  number: string;
  /** COMPLETE unless told: the number leaves. */
  outcome?: 'COMPLETE' | 'CANCELLED';
}

export interface PlaceAssignment extends PlaceOptions {
  action: 'ASSIGN' | 'UNASSIGN';
  numbers: readonly string[];
}

export interface PlaceImport extends PlaceOptions {
  numbers?: readonly string[] | number;
  /** COMPLETE unless told, as far as the numbers allow. PARTIAL: every second number fails; FAILED: all. */
  outcome?: 'COMPLETE' | 'PARTIAL' | 'FAILED';
  loaType?: 'CARRIER' | 'SUBSCRIBER';
}

export interface PlaceRemoval extends PlaceOptions {
  /** Imported numbers; others fail. */
  numbers: readonly string[];
}

/** What may be changed about an order of any kind, however old; `lastModifiedDate` becomes the clock's now unless it is given. */
export interface OrderPatch {
  status?: string;
  customerOrderId?: string | undefined;
  lastModifiedDate?: Date;
}

/** What a busy day did: ids by kind of the orders that it placed and of the old ones that it changed. */
export interface SandboxNight {
  placed: Record<OrderKind, string[]>;
  changed: Record<OrderKind, string[]>;
}

/**
 * What makes a list of orders hard to read. Each befalls one order, the first of the list that nothing else befalls:
 * - `no-id`: the list leaves its id out;
 * - `letters`: one of its numbers has a letter in it, in its details (of port-outs in the list);
 * - `impossible-date`: its last-modified date in the list is none (of assignment orders its order date);
 * - `repeated`: every page after the first begins with the order that ended the page before;
 * - `odd-id`: its id is `a/b?c'; drop table`, everywhere;
 * - `refused`: its details answer 404.
 */
export const orderQuirks = ['no-id', 'letters', 'impossible-date', 'repeated', 'odd-id', 'refused'] as const;

export type OrderQuirk = (typeof orderQuirks)[number];

/** The orders of an account, for tests: what they are, and what may be done to them. Steps that are due are always taken first. */
export interface SandboxOrders {
  /** The number orders, newest first, as every list has them. */
  orders(): SandboxOrder[];
  disconnects(): SandboxDisconnect[];
  /** Drafts too, which the list names only when asked for them. */
  portIns(): SandboxPortIn[];
  portOuts(): SandboxPortOut[];
  assignmentOrders(): SandboxAssignmentOrder[];
  importOrders(): SandboxImportOrder[];
  removals(): SandboxRemoval[];
  /** In ascending order of the numbers. */
  disconnectedNumbers(): SandboxDisconnectedNumber[];
  placeOrder(options?: PlaceNumberOrder): SandboxOrder;
  placeDisconnect(options: PlaceDisconnect): SandboxDisconnect;
  placePortIn(options?: PlacePortIn): SandboxPortIn;
  placePortOut(options: PlacePortOut): SandboxPortOut;
  placeAssignment(options: PlaceAssignment): SandboxAssignmentOrder;
  placeImport(options?: PlaceImport): SandboxImportOrder;
  placeRemoval(options: PlaceRemoval): SandboxRemoval;
  changeOrder(kind: OrderKind, orderId: string, patch?: OrderPatch): void;
  /**
   * A busy day of all kinds that follows from the seed: orders placed (some of them done at once), back-orders begun,
   * numbers given back, ported, assigned and unassigned, a few old orders changed. Moves no clock.
   */
  night(seed: number): SandboxNight;
  /** Switches quirks of one list on; an empty list switches them off. Answers which order each befalls, by its true id. */
  misbehave(kind: OrderKind, quirks: readonly OrderQuirk[]): Partial<Record<OrderQuirk, string>>;
}
