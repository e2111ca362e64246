import { type FeatureOrders, isForEndpoints } from './feature-orders.js';
import { hash, hashText } from './hash.js';
import type { Inventory } from './inventory.js';
import { aging, inService } from './number.js';
import { keyOf } from './number-key.js';
import type { LazyOrderBook } from './orders/book.js';
import { orderId } from './orders/order-id.js';
import type { SandboxOrderBase } from './orders/order-types.js';

/** An event in the life of a number, as `/tns/{tn}/history` shows it. */
export interface SandboxNumberEvent {
  /** Whether it happened on this account; otherwise on one of another customer. */
  own: boolean;
  at: Date;
  orderDate: Date;
  orderId: string;
  /** Status of the number from then on. */
  status: string;
  userId: string;
  orderType: string;
  /** Only orders for features have one. */
  orderStatus: string | undefined;
}

/** What the account knows about single numbers, beyond the lists. */
export interface NumberLookups {
  /** Oldest first; empty for a number that the account never had. */
  numberEvents(telephoneNumber: string): SandboxNumberEvent[];
  /** Holds a number that nobody has for four hours, as `POST tnreservation` does. */
  reserve(telephoneNumber: string): void;
}

/** The same as the API routes see it. */
export interface NumberLookupState extends NumberLookups {
  /** The reservation that is in force, if any. */
  reservationOf(telephoneNumber: string): { reservationId: string; secondsLeft: number } | undefined;
  /** Records that a number arrived without an order of the lists, or left. */
  recordMove(telephoneNumber: string, move: NumberMove): void;
}

export interface NumberMove {
  at: number;
  status: typeof inService | typeof aging | undefined;
}

export interface NumberEventsOptions {
  seed: number;
  inventory: Inventory;
  orderBook: LazyOrderBook;
  features: FeatureOrders;
  now(): number;
}

const salt = 261;
const day = 86_400_000;
/** How long a reservation lasts. */
const reservationMs = 4 * 3_600_000;

/** Bandwidth's own user, for events without an order of the lists. */
const staff = 'bwc_user';

/** The feature orders that have a status in the history. Only the type DLDA_ORDER is in the API reference. */
const featureTypes = { e911s: 'E911_ORDER', lidbs: 'LIDB_ORDER', dldas: 'DLDA_ORDER' } as const;

/** Orders for numbers that Bandwidth didn't have before. */
const fromOtherCarriers: readonly string[] = ['PORT_IN_ORDER', 'IMPORT_TN_ORDER', 'EXTERNAL_TN_ORDER'];

export function createNumberLookups(options: NumberEventsOptions): NumberLookupState {
  const { seed, inventory, orderBook, features, now } = options;
  const moves = new Map<string, NumberMove[]>();
  const reserved = new Map<string, number>();

  const idOf = (telephoneNumber: string, n: number) =>
    orderId(hash(salt, hashText(seed, telephoneNumber)), 'orders', n);

  /** Events of orders in the lists that added or removed the number. */
  function ordered(telephoneNumber: string): SandboxNumberEvent[] {
    const { lists } = orderBook.open();
    const found: SandboxNumberEvent[] = [];
    const add = (order: SandboxOrderBase, at: Date, status: string, orderType: string, own = true) => {
      const { orderDate, userId } = order;
      found.push({ own, at, orderDate, orderId: order.orderId, status, userId, orderType, orderStatus: undefined });
    };
    const accepted = (order: { numbers: readonly { telephoneNumber: string; outcome: string | undefined }[] }) =>
      order.numbers.some((each) => each.telephoneNumber === telephoneNumber && each.outcome === 'ACCEPTED');
    for (const order of lists.orders.all) {
      const number = order.numbers.find((each) => each.telephoneNumber === telephoneNumber);
      if (number?.outcome === 'COMPLETED' && number.inServiceDate !== undefined)
        add(order, number.inServiceDate, inService, 'NEW_NUMBER_ORDER');
    }
    for (const order of lists.portins.all) {
      if (order.status === 'COMPLETE' && order.actualFocDate !== undefined && order.numbers.includes(telephoneNumber))
        add(order, order.actualFocDate, inService, 'PORT_IN_ORDER');
    }
    for (const order of lists.importTnOrders.all)
      if (accepted(order)) add(order, order.lastModifiedDate, inService, 'IMPORT_TN_ORDER');
    for (const order of lists.removeImportedTnOrders.all)
      if (accepted(order)) add(order, order.lastModifiedDate, 'Available', 'REMOVE_IMPORTED_TN_ORDER');
    for (const order of lists.externalTns.all) {
      if (accepted(order))
        add(order, order.lastModifiedDate, order.action === 'IMPORT' ? inService : 'Available', 'EXTERNAL_TN_ORDER');
    }
    for (const order of lists.disconnects.all) {
      if (order.numbers.some((each) => each.telephoneNumber === telephoneNumber && each.outcome === 'DISCONNECTED'))
        add(order, order.lastModifiedDate, aging, 'DISCONNECT_ORDER');
    }
    for (const order of lists.portouts.all) {
      if (order.status === 'COMPLETE' && order.actualFocDate !== undefined && order.telephoneNumber === telephoneNumber)
        add(order, order.actualFocDate, 'PortedOut', 'PORT_OUT_ORDER');
    }
    return found;
  }

  /** Moves without an order of the lists. A number that left for another account is in service there. */
  function moved(telephoneNumber: string): SandboxNumberEvent[] {
    return (moves.get(telephoneNumber) ?? []).map(({ at, status }, n) => ({
      own: status !== undefined,
      at: new Date(at),
      orderDate: new Date(at),
      orderId: idOf(telephoneNumber, n + 1),
      status: status ?? inService,
      userId: staff,
      orderType: 'MOVE_TN_ORDER',
      orderStatus: undefined,
    }));
  }

  function ofFeatures(telephoneNumber: string): SandboxNumberEvent[] {
    return Object.entries(featureTypes).flatMap(([segment, orderType]) =>
      features
        .featureOrders(segment)
        .filter((order) => !isForEndpoints(segment, order))
        .filter(({ numbers }) => numbers.some((each) => each.telephoneNumber === telephoneNumber))
        .map((order) => ({
          own: true,
          at: order.lastModifiedDate,
          orderDate: order.orderDate,
          orderId: order.orderId,
          status: inService,
          userId: order.userId,
          orderType,
          orderStatus: order.status,
        })),
    );
  }

  return {
    numberEvents(telephoneNumber) {
      const key = keyOf(telephoneNumber);
      const events = [...ordered(telephoneNumber), ...moved(telephoneNumber)];
      const isHeld = key !== undefined && inventory.has(key);
      events.sort((a, b) => a.at.getTime() - b.at.getTime());
      // A number that the account began with, and that no order of the lists brought.
      if (isHeld && events[0]?.status !== inService) {
        const row = inventory.row(key);
        const at = new Date(
          row.inServiceDate ?? Math.min(row.lastModified, events[0]?.at.getTime() ?? row.lastModified),
        );
        const facts = {
          orderId: idOf(telephoneNumber, 0),
          status: inService,
          userId: staff,
          orderType: 'MOVE_TN_ORDER',
        };
        events.unshift({ own: true, at, orderDate: at, ...facts, orderStatus: undefined });
      }
      const [first] = events;
      if (first === undefined) return [];
      if (!fromOtherCarriers.includes(first.orderType)) {
        const at = new Date(first.at.getTime() - day);
        const facts = { orderId: idOf(telephoneNumber, -1), status: 'Available', userId: staff };
        events.unshift({
          own: false,
          at,
          orderDate: at,
          ...facts,
          orderType: 'IMPORT_AVAILABLE_ORDER',
          orderStatus: undefined,
        });
      }
      return [...events, ...ofFeatures(telephoneNumber)].sort((a, b) => a.at.getTime() - b.at.getTime());
    },
    reserve(telephoneNumber) {
      reserved.set(telephoneNumber, now() + reservationMs);
    },
    reservationOf(telephoneNumber) {
      const secondsLeft = Math.floor(((reserved.get(telephoneNumber) ?? 0) - now()) / 1000);
      return secondsLeft > 0 ? { reservationId: idOf(telephoneNumber, -2), secondsLeft } : undefined;
    },
    recordMove(telephoneNumber, move) {
      moves.set(telephoneNumber, [...(moves.get(telephoneNumber) ?? []), move]);
    },
  };
}
