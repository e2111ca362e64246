import { fraction, hashText } from '../hash.js';
import type { PersonalData, SandboxOrderBase } from './order-types.js';

/** An event in the history of an order. */
export interface SandboxOrderEvent {
  occurredAt: Date;
  note: string;
  author: string;
  status: string;
  difference: string | undefined;
}

/** A note of an order. Its text contains `Pii`, like all personal data of the sandbox. */
export interface SandboxOrderNote {
  id: string;
  userId: string;
  description: string;
  lastModified: Date;
}

/** The kinds of orders with notes; those with a history are `orders` and `portins`. */
export type NotedKind = 'orders' | 'disconnects' | 'portins';

/** The histories and notes of an account's orders. Histories grow by one event with every change of an order. */
export interface OrderTrails {
  /** Brackets a change of an order: an event is added if its status or date of last change is another after it. */
  change(order: SandboxOrderBase, work: () => void): void;
  /** Oldest first. In the API, drafts have no history, nor do number orders with a single event. */
  eventsOf(order: SandboxOrderBase): readonly SandboxOrderEvent[];
  notesOf(order: SandboxOrderBase): readonly SandboxOrderNote[];
  addNote(order: SandboxOrderBase, note: Omit<SandboxOrderNote, 'id'>): void;
}

const salt = 307;
const system = 'System';

/** The statuses that a port-in had before it got to its own. */
const portInPaths: Readonly<Record<string, readonly string[]>> = {
  PENDING_DOCUMENTS: [],
  SUBMITTED: ['PENDING_DOCUMENTS'],
  EXCEPTION: ['PENDING_DOCUMENTS', 'SUBMITTED'],
  REQUESTED_SUPP: ['PENDING_DOCUMENTS', 'SUBMITTED', 'EXCEPTION'],
  FOC: ['PENDING_DOCUMENTS', 'SUBMITTED'],
  REQUESTED_CANCEL: ['PENDING_DOCUMENTS', 'SUBMITTED'],
  CANCELLED: ['PENDING_DOCUMENTS', 'SUBMITTED', 'REQUESTED_CANCEL'],
  COMPLETE: ['PENDING_DOCUMENTS', 'SUBMITTED', 'FOC'],
};

const sentences: Readonly<Record<string, string>> = {
  PENDING_DOCUMENTS: 'LOA required',
  SUBMITTED: 'Order has been created',
  FOC: 'Order waiting for activation',
  COMPLETE: 'Order is complete',
  BACKORDERED: 'Order backordered - awaiting additional numbers',
};

type Order = SandboxOrderBase & { status: string; orderType?: string; personal?: PersonalData };

/** A number order was in one status before, if it is BACKORDERED. */
function pathTo({ orderType, status }: Order): readonly string[] {
  if (orderType === 'port_in') return portInPaths[status] ?? [];
  return status === 'BACKORDERED' ? ['BACKORDERED'] : [];
}

/** @param seed decides which orders have notes and repeated events */
export function createOrderTrails(seed: number): OrderTrails {
  const events = new WeakMap<SandboxOrderBase, SandboxOrderEvent[]>();
  const notes = new WeakMap<SandboxOrderBase, SandboxOrderNote[]>();
  const share = (order: SandboxOrderBase, part: number) => fraction(hashText(seed + salt + part, order.orderId));

  /** What happened to an order before its first change in the sandbox: it got to its status in equal steps. */
  function eventsOf(order: SandboxOrderBase): SandboxOrderEvent[] {
    const known = events.get(order);
    if (known !== undefined) return known;
    const { status, orderDate, lastModifiedDate } = order as Order;
    const statuses = [...pathTo(order as Order), status];
    const span = lastModifiedDate.getTime() - orderDate.getTime();
    const past = statuses.map((each, n) =>
      eventOf(order, each, new Date(orderDate.getTime() + Math.floor((span * n) / Math.max(1, statuses.length - 1)))),
    );
    // Some events are listed twice.
    const [first] = past;
    if (first !== undefined && share(order, 0) < 0.2) past.unshift({ ...first });
    events.set(order, past);
    return past;
  }

  return {
    change(order, work) {
      const history = eventsOf(order);
      const before = order.lastModifiedDate.getTime();
      const { status, customerOrderId } = order as Order;
      work();
      if ((order as Order).status === status && order.lastModifiedDate.getTime() === before) return;
      const difference =
        customerOrderId === order.customerOrderId
          ? undefined
          : `CustomerOrderId : ${customerOrderId ?? '""'} --> ${order.customerOrderId ?? '""'}`;
      history.push({
        ...eventOf(order, (order as Order).status, new Date(order.lastModifiedDate)),
        ...(difference && { difference }),
      });
    },
    eventsOf,
    notesOf(order) {
      const known = notes.get(order);
      if (known !== undefined) return known;
      const count = share(order, 1) < 0.5 ? 0 : share(order, 2) < 0.5 ? 1 : 2;
      const made = Array.from({ length: count }, (_, n) => ({
        id: String(80_000 + (hashText(seed + salt + 3 + n, order.orderId) % 1e9)),
        userId: order.userId,
        description: `Please call PiiCaller${n} about order ${order.orderId} & its numbers`,
        lastModified: new Date(order.orderDate.getTime() + (n + 1) * 60_000),
      }));
      notes.set(order, made);
      return made;
    },
    addNote(order, note) {
      const known = this.notesOf(order) as SandboxOrderNote[];
      known.push({ id: String(70_000 + known.length), ...note });
    },
  };
}

function eventOf(order: SandboxOrderBase, status: string, occurredAt: Date): SandboxOrderEvent {
  const { personal, userId } = order as Order;
  const rejected = `7205: Account number ${personal?.accountNumber ?? 'PiiAccount'} does not match (PPS)`;
  return {
    occurredAt,
    note: sentences[status] ?? (status === 'EXCEPTION' ? rejected : `The order is ${status}`),
    author: status === 'PENDING_DOCUMENTS' ? userId : system,
    status,
    difference: status === 'SUBMITTED' && personal ? `PinNumber : "" --> ${personal.pinNumber}` : undefined,
  };
}
