import { truncateToForm } from '../dates.js';
import { hash, hashText } from '../hash.js';
import type { NumberRow } from '../number.js';
import { textOf } from '../number-key.js';
import type { Draw } from './draw.js';
import { existingNumbers, nameOf, searchOf, userOf } from './order-attributes.js';
import { orderId } from './order-id.js';
import type {
  OrderKind,
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxExternalOrder,
  SandboxImportOrder,
  SandboxOrder,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './order-types.js';
import { personalData } from './personal-data.js';

const saltHourOnly = 161;
const hourForm = 3;
const dayForm = 7;
const secondMs = 1000;

// The losing carriers of port-ins. A port-in from Bandwidth itself may be in a Bandwidth block.
const carriers = [
  { id: '1537', name: 'Mock Carrier', wireless: false },
  { id: '6214', name: 'T-Mobile US:6529', wireless: true },
  { id: '9417', name: 'AT&T Southeast', wireless: false },
  { id: '49', name: 'Bandwidth CLEC', wireless: false },
] as const;

const spids = ['512E', '6529', '9417'] as const;

/** A number order as stored in the sandbox. The dates in lists are derived. */
export type NumberOrder = Omit<SandboxOrder, 'listed'>;

export interface Common {
  orderDate: number;
  customerOrderId?: string | undefined;
  userId?: string | undefined;
}

/**
 * Creates new orders: RECEIVED, or the initial status of their kind. IDs depend on the seed and the number of earlier
 * orders.
 */
export interface Builder {
  order(common: Common & { keys: readonly number[]; backOrder: boolean; existing?: boolean }): NumberOrder;
  disconnect(common: Common & { keys: readonly string[] }): SandboxDisconnect;
  portIn(common: Common & { numbers: readonly string[]; losingCarrierName?: string | undefined }): SandboxPortIn;
  portOut(common: Common & { number: string }): SandboxPortOut;
  assignment(
    common: Common & { action: SandboxAssignmentOrder['action']; numbers: readonly string[] },
  ): SandboxAssignmentOrder;
  importOrder(
    common: Common & { numbers: readonly string[]; loaType?: SandboxImportOrder['loaType'] | undefined },
  ): SandboxImportOrder;
  removal(common: Common & { numbers: readonly string[] }): SandboxRemoval;
  external(
    common: Common & {
      action: SandboxExternalOrder['action'];
      numbers: readonly string[];
      loaType?: SandboxExternalOrder['loaType'];
    },
  ): SandboxExternalOrder;
}

export interface BuilderOptions {
  seed: number;
  draw: Draw;
  attributes(key: number): NumberRow;
}

export function createBuilder({ seed, draw, attributes }: BuilderOptions): Builder {
  const made: Record<OrderKind, number> = {
    orders: 0,
    disconnects: 0,
    portins: 0,
    portouts: 0,
    numbersAssignment: 0,
    importTnOrders: 0,
    removeImportedTnOrders: 0,
    externalTns: 0,
  };

  // No spread here: V8 keeps objects created by a spread as slow dictionaries.
  const nextId = (kind: OrderKind) => orderId(seed, kind, made[kind]++);

  return {
    order(common) {
      const { keys } = common;
      const first = keys[0];
      const search =
        first === undefined || common.existing
          ? { type: existingNumbers, criteria: {} }
          : searchOf(attributes(first), draw);
      const order: NumberOrder = {
        orderId: nextId('orders'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'RECEIVED',
        orderType: 'new_number',
        name: nameOf(search, draw),
        siteId: draw.of(['479', '743', '2857']),
        peerId: draw.percent(50) ? '500014' : undefined,
        completedDate: undefined,
        quantity: Math.max(1, keys.length),
        countOfTns: 0,
        failedQuantity: 0,
        backOrderRequested: common.backOrder,
        partialAllowed: draw.percent(80),
        search,
        numbers: keys.map((key) => ({ telephoneNumber: textOf(key), outcome: 'PENDING', inServiceDate: undefined })),
      };
      return order;
    },
    disconnect(common) {
      const order: SandboxDisconnect = {
        orderId: nextId('disconnects'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'RECEIVED',
        orderType: 'disconnect',
        name: draw.of(['training run', 'cleanup', 'churned customers', 'Q&A <lab>']),
        countOfTns: common.keys.length,
        disconnectMode: 'normal',
        protected: 'UNCHANGED',
        numbers: common.keys.map((telephoneNumber) => ({
          telephoneNumber,
          outcome: 'PENDING',
          errorCode: undefined,
          errorDescription: undefined,
        })),
      };
      touchDisconnect(order, common.orderDate);
      return order;
    },
    portIn(common) {
      const n = made.portins;
      const carrier =
        carriers.find(({ name }) => name === common.losingCarrierName) ??
        (common.losingCarrierName === undefined
          ? draw.of([...carriers, ...carriers.slice(0, 3)])
          : { id: '7777', name: common.losingCarrierName, wireless: false });
      const business = draw.percent(60);
      const { numbers } = common;
      return {
        orderId: nextId('portins'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'PENDING_DOCUMENTS',
        orderType: 'port_in',
        countOfTns: numbers.length,
        billingTelephoneNumber: numbers[0] ?? '',
        losingCarrierId: carrier.id,
        losingCarrierName: carrier.name,
        losingCarrierIsWireless: carrier.wireless,
        requestedFocDate: new Date(wholeSeconds(common.orderDate + 3 * 86_400_000)),
        actualFocDate: undefined,
        pon: `PON${String(hash(seed, n) % 1e6).padStart(6, '0')}`,
        siteId: draw.of(['479', '743', '2857']),
        peerId: '317771',
        vendorId: '49',
        vendorName: 'Bandwidth CLEC',
        partialPort: draw.percent(40),
        triggered: draw.percent(20),
        portType: draw.of(['AUTOMATED', 'AUTOMATED', 'MANUALOFFNET', 'INTERNAL']),
        subscriberType: business ? 'BUSINESS' : 'RESIDENTIAL',
        numbers: [...numbers],
        errors: [],
        personal: personalData(seed, n, business),
      };
    },
    portOut(common) {
      const id = nextId('portouts');
      return {
        orderId: id,
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? draw.of(['Neustar', 'System']),
        status: 'NEW',
        orderType: 'port_out',
        countOfTns: 0,
        telephoneNumber: common.number,
        // In every second order it is a date without a time, stored as the start of the day.
        requestedFocDate: new Date(
          made.portouts % 2 === 1
            ? truncateToForm(dayForm, common.orderDate + 2 * 86_400_000)
            : wholeSeconds(common.orderDate + 2 * 86_400_000),
        ),
        actualFocDate: undefined,
        pon: orderId(hash(seed, 1), 'portouts', hashText(0, id)),
        spid: draw.of(spids),
        errorCode: '201',
        errorMessage: 'Order request received. Please use the order id to check the status of your order later.',
      };
    },
    assignment(common) {
      return {
        orderId: nextId('numbersAssignment'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'RECEIVED',
        orderType: 'NUMBERS_ASSIGNMENT_ORDER',
        action: common.action,
        totalQuantity: common.numbers.length,
        failedQuantity: 0,
        numbers: pendingNumbers(common.numbers),
      };
    },
    importOrder(common) {
      const n = made.importTnOrders;
      return {
        orderId: nextId('importTnOrders'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'RECEIVED',
        orderType: 'import_tn_orders',
        siteId: draw.of(['479', '743', '2857']),
        sipPeerId: '303716',
        loaType: common.loaType ?? draw.of(['CARRIER', 'SUBSCRIBER'] as const),
        numbers: pendingNumbers(common.numbers),
        personal: personalData(hash(seed, 2), n, true),
      };
    },
    removal(common) {
      return {
        orderId: nextId('removeImportedTnOrders'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'PROCESSING',
        orderType: 'remove_imported_tn_orders',
        numbers: pendingNumbers(common.numbers),
      };
    },
    external(common) {
      return {
        orderId: nextId('externalTns'),
        customerOrderId: common.customerOrderId,
        orderDate: new Date(common.orderDate),
        lastModifiedDate: new Date(common.orderDate),
        userId: common.userId ?? userOf(draw),
        status: 'RECEIVED',
        action: common.action,
        siteId: draw.of(['479', '743', '2857']),
        sipPeerId: draw.percent(70) ? '303716' : undefined,
        loaType: common.loaType ?? draw.of(['CARRIER', 'SUBSCRIBER', undefined] as const),
        numbers: pendingNumbers(common.numbers),
      };
    },
  };
}

function pendingNumbers(numbers: readonly string[]): SandboxAssignmentOrder['numbers'] {
  return numbers.map((telephoneNumber) => ({
    telephoneNumber,
    outcome: undefined,
    errorCode: undefined,
    errorDescription: undefined,
  }));
}

/** A number order's dates as the list shows them. */
export function listedDates(order: NumberOrder): SandboxOrder['listed'] {
  const kept = (date: Date) => new Date(listsHours(order) ? truncateToForm(hourForm, date.getTime()) : date);
  return { orderDate: kept(order.orderDate), lastModifiedDate: kept(order.lastModifiedDate) };
}

/** Whether the list shows the dates of an order to the hour only, as `2013-12-20T06`. */
export function listsHours({ orderId: id }: NumberOrder): boolean {
  return hashText(saltHourOnly, id) % 6 === 0;
}

/** Updates the last-modified date of a disconnect order, which every resource shows to the second. */
export function touchDisconnect(order: SandboxDisconnect, at: number): void {
  order.lastModifiedDate = new Date(wholeSeconds(at));
}

export function wholeSeconds(time: number): number {
  return Math.floor(time / secondMs) * secondMs;
}
