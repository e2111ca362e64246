import { inService } from '../number.js';
import { keyOf } from '../number-key.js';
import { type NumberOrder, touchDisconnect, wholeSeconds } from './build.js';
import type { PlaceExternal, PlaceImport, PlaceNumberOrder, PlacePortIn, PlacePortOut } from './interface.js';
import type { InventoryChanges } from './inventory-changes.js';
import type {
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxExternalOrder,
  SandboxImportOrder,
  SandboxOrderBase,
  SandboxPortIn,
  SandboxPortOut,
  SandboxRemoval,
} from './order-types.js';
import { type AssignmentError, countNumbers, endAssignment, endDisconnect, endImport } from './outcomes.js';
import type { Schedule } from './schedule.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** When and by which order a number was disconnected. */
export interface Departure {
  at: number;
  orderId: string | undefined;
}

export interface LifecycleOptions {
  schedule: Schedule;
  inventoryChanges: InventoryChanges;
  /** Disconnected numbers that have not returned, by number. */
  departures: Map<string, Departure>;
  /** Numbers that were imported and not removed since. */
  imported: Set<string>;
  assignmentError(telephoneNumber: string): AssignmentError | undefined;
}

/**
 * The steps of a new order, planned from `start` (epoch milliseconds). When the clock reaches a step, the order
 * changes; the last step also changes the numbers of the account. The sandbox defines the durations:
 * - a number order is PROCESSING after one hour and has its numbers after two; with several deliveries, it is
 *   BACKORDERED in between, with one delivery per day;
 * - a disconnect order is PROCESSING after one hour and done after three;
 * - a port-in waits six hours for documents, is SUBMITTED until its first day is over, and then FOC until the requested
 *   date, the third day; it enters EXCEPTION after one day, and only a test resolves that;
 * - a port-out is NEW for two hours, and its number leaves on the second day;
 * - an import is PROCESSING after one hour, and an import, removal or external number order is done after two.
 */
export interface Lifecycle {
  order(order: NumberOrder, options: { start: number; parts: number; outcome: PlaceNumberOrder['outcome'] }): void;
  disconnect(order: SandboxDisconnect, options: { start: number; aging: boolean }): void;
  portIn(order: SandboxPortIn, options: { start: number; outcome: PlacePortIn['outcome'] }): void;
  portOut(order: SandboxPortOut, options: { start: number; outcome: PlacePortOut['outcome'] }): void;
  assignment(order: SandboxAssignmentOrder, options: { start: number; duration: number }): void;
  importOrder(order: SandboxImportOrder, options: { start: number; outcome: PlaceImport['outcome'] }): void;
  removal(order: SandboxRemoval, options: { start: number }): void;
  external(order: SandboxExternalOrder, options: { start: number; outcome: PlaceExternal['outcome'] }): void;
}

type Timetable = ReadonlyArray<readonly [after: number, run: (at: number) => void]>;

export function createLifecycle(options: LifecycleOptions): Lifecycle {
  const { schedule, inventoryChanges, departures, imported, assignmentError } = options;

  function plan(order: SandboxOrderBase, start: number, timetable: Timetable): void {
    for (const [after, run] of timetable) {
      schedule.plan({ order, at: start + after, run });
    }
  }

  const keyFor = (telephoneNumber: string): number => {
    const key = keyOf(telephoneNumber);
    if (key === undefined) {
      throw new RangeError(`'${telephoneNumber}' isn't a telephone number.`);
    }
    return key;
  };
  const statusOf = (telephoneNumber: string): string | undefined => {
    const key = keyOf(telephoneNumber);
    return key === undefined ? undefined : inventoryChanges.statusOf(key);
  };
  const add = (telephoneNumber: string, at: number) => {
    inventoryChanges.add(keyFor(telephoneNumber), at);
    departures.delete(telephoneNumber);
  };

  const addImported = (telephoneNumber: string, at: number) => {
    add(telephoneNumber, at);
    imported.add(telephoneNumber);
  };
  const removeImported = (telephoneNumber: string) => {
    inventoryChanges.remove(keyFor(telephoneNumber));
    imported.delete(telephoneNumber);
  };

  function fill(order: NumberOrder, numbers: NumberOrder['numbers'], at: number): void {
    for (const number of numbers) {
      // A number that is already in service can't be ordered.
      if (number.outcome === 'PENDING' && statusOf(number.telephoneNumber) !== inService) {
        add(number.telephoneNumber, at);
        number.outcome = 'COMPLETED';
        number.inServiceDate = new Date(at);
      } else if (number.outcome === 'PENDING') {
        number.outcome = 'FAILED';
      }
    }
    countNumbers(order, at);
    order.lastModifiedDate = new Date(at);
  }

  return {
    order(order, { start, parts, outcome }) {
      const pending = order.numbers.filter((number) => number.outcome === 'PENDING');
      const doomed = doomedBy(outcome);
      const perPart = Math.ceil(pending.length / parts);
      const arrivals: Timetable = Array.from({ length: parts }, (_, part) => [
        2 * hour + part * day,
        (at: number) => {
          order.status = 'BACKORDERED';
          for (const [i, number] of pending.entries()) {
            if (Math.floor(i / perPart) === part && doomed(i)) {
              number.outcome = 'FAILED';
            }
          }
          fill(order, pending.slice(part * perPart, (part + 1) * perPart), at);
        },
      ]);
      const processing: Timetable =
        order.status === 'RECEIVED'
          ? [
              [
                hour,
                (at) => {
                  order.status = 'PROCESSING';
                  order.lastModifiedDate = new Date(at);
                },
              ],
            ]
          : [];
      plan(order, start, [...processing, ...arrivals]);
    },
    disconnect(order, { start, aging }) {
      plan(order, start, [
        [
          hour,
          (at) => {
            order.status = 'PROCESSING';
            touchDisconnect(order, at);
          },
        ],
        [
          3 * hour,
          (at) => {
            touchDisconnect(order, at);
            endDisconnect(order, (telephoneNumber) => statusOf(telephoneNumber) === inService);
            for (const { telephoneNumber, outcome } of order.numbers) {
              if (outcome !== 'DISCONNECTED') {
                continue;
              }
              const key = keyFor(telephoneNumber);
              departures.set(telephoneNumber, { at: order.orderDate.getTime(), orderId: order.orderId });
              if (aging) {
                inventoryChanges.age(key, order.lastModifiedDate.getTime());
              } else {
                inventoryChanges.remove(key);
              }
            }
          },
        ],
      ]);
    },
    portIn(order, { start, outcome = 'COMPLETE' }) {
      const become = (status: SandboxPortIn['status']) => (at: number) => {
        order.status = status;
        order.lastModifiedDate = new Date(at);
      };
      if (outcome === 'DRAFT' || outcome === 'PENDING_DOCUMENTS') {
        order.status = outcome;
        return;
      }
      const submitted: Timetable = [[6 * hour, become('SUBMITTED')]];
      const further: Record<Exclude<typeof outcome, 'SUBMITTED'>, Timetable> = {
        EXCEPTION: [
          [
            day,
            (at) => {
              become('EXCEPTION')(at);
              order.errors = [
                {
                  code: '7205',
                  description: 'Telephone number is already being processed on another order',
                  telephoneNumbers: order.numbers.slice(0, 1),
                },
              ];
            },
          ],
        ],
        CANCELLED: [
          [day, become('REQUESTED_CANCEL')],
          [day + 6 * hour, become('CANCELLED')],
        ],
        COMPLETE: [
          [
            day,
            (at) => {
              become('FOC')(at);
              // A port-in that was stuck for long has missed the requested date.
              if (order.requestedFocDate.getTime() < at) {
                order.requestedFocDate = new Date(wholeSeconds(start + 3 * day));
              }
              order.actualFocDate = order.requestedFocDate;
            },
          ],
          [
            3 * day,
            (at) => {
              become('COMPLETE')(at);
              order.actualFocDate = new Date(wholeSeconds(at));
              for (const telephoneNumber of order.numbers) {
                add(telephoneNumber, order.actualFocDate.getTime());
              }
            },
          ],
        ],
      };
      plan(order, start, [...submitted, ...(outcome === 'SUBMITTED' ? [] : further[outcome])]);
    },
    portOut(order, { start, outcome = 'COMPLETE' }) {
      const become = (status: SandboxPortOut['status']) => (at: number) => {
        order.status = status;
        order.countOfTns = 1;
        order.lastModifiedDate = new Date(at);
      };
      const confirmed: Timetable = [
        [
          2 * hour,
          (at) => {
            become('FOC')(at);
            order.actualFocDate = order.requestedFocDate;
          },
        ],
      ];
      const end: Timetable =
        outcome === 'CANCELLED'
          ? [
              [
                6 * hour,
                (at) => {
                  become('CANCELLED')(at);
                  order.actualFocDate = undefined;
                },
              ],
            ]
          : [
              [
                2 * day,
                (at) => {
                  become('COMPLETE')(at);
                  order.actualFocDate = new Date(wholeSeconds(at));
                  order.errorCode = '200';
                  order.errorMessage = 'Port out successful.';
                  inventoryChanges.remove(keyFor(order.telephoneNumber));
                },
              ],
            ];
      plan(order, start, [...confirmed, ...end]);
    },
    assignment(order, { start, duration }) {
      plan(order, start, [
        [
          Math.floor(duration / 2),
          (at) => {
            order.status = 'PROCESSING';
            order.lastModifiedDate = new Date(at);
          },
        ],
        [
          duration,
          (at) => {
            order.lastModifiedDate = new Date(at);
            endAssignment(order, assignmentError);
          },
        ],
      ]);
    },
    importOrder(order, { start, outcome }) {
      const doomed = doomedBy(outcome);
      plan(order, start, [
        [
          hour,
          (at) => {
            order.status = 'PROCESSING';
            order.lastModifiedDate = new Date(at);
          },
        ],
        [
          2 * hour,
          (at) => {
            order.lastModifiedDate = new Date(at);
            endImport(order, (number, n) => !doomed(n) && statusOf(number) !== inService);
            for (const { telephoneNumber, outcome } of order.numbers) {
              if (outcome === 'ACCEPTED') addImported(telephoneNumber, at);
            }
          },
        ],
      ]);
    },
    removal(order, { start }) {
      plan(order, start, [
        [
          2 * hour,
          (at) => {
            order.lastModifiedDate = new Date(at);
            endImport(order, (number) => imported.has(number));
            for (const { telephoneNumber, outcome } of order.numbers) {
              if (outcome === 'ACCEPTED') removeImported(telephoneNumber);
            }
          },
        ],
      ]);
    },
    external(order, { start, outcome }) {
      const doomed = doomedBy(outcome);
      const isGood = (number: string) =>
        imported.has(number) || (order.action === 'IMPORT' && statusOf(number) !== inService);
      plan(order, start, [
        [
          2 * hour,
          (at) => {
            order.lastModifiedDate = new Date(at);
            endImport(order, (number, n) => !doomed(n) && isGood(number));
            for (const { telephoneNumber, outcome } of order.numbers) {
              if (outcome !== 'ACCEPTED') continue;
              if (order.action === 'REMOVE') removeImported(telephoneNumber);
              else if (!imported.has(telephoneNumber)) addImported(telephoneNumber, at);
            }
          },
        ],
      ]);
    },
  };
}

/** Which numbers of an order fail if its outcome is given, by position. */
function doomedBy(outcome: 'COMPLETE' | 'PARTIAL' | 'FAILED' | undefined): (n: number) => boolean {
  return (n) => outcome === 'FAILED' || (outcome === 'PARTIAL' && n % 2 === 1);
}
