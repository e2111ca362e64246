import { hashText } from '../hash.js';
import { inService } from '../number.js';
import type { NumberOrder } from './build.js';
import type {
  SandboxAssignmentOrder,
  SandboxDisconnect,
  SandboxExternalOrder,
  SandboxImportOrder,
  SandboxRemoval,
  WorkOrderStatus,
} from './order-types.js';

const saltSilent = 171;

/** Why an assignment order rejects a number. */
export const assignmentErrors = {
  notOnAccount: { code: '5076', description: 'Number does not belong to this account.' },
  external: { code: '5130', description: 'Number is external.' },
  notInService: { code: '5131', description: 'Number is not in service.' },
  mayNotAssign: { code: '12752', description: 'The account is not allowed to assign telephone numbers.' },
} as const;

export type AssignmentError = (typeof assignmentErrors)[keyof typeof assignmentErrors];

/**
 * The assignment error for a number of this status (undefined: not on the account), if any. The sandbox treats numbers
 * outside the North American Numbering Plan as external, like imported ones.
 */
export function assignmentError(
  telephoneNumber: string,
  status: string | undefined,
  isImported: boolean,
): AssignmentError | undefined {
  if (status === undefined) {
    return assignmentErrors.notOnAccount;
  }
  if (isImported || telephoneNumber.startsWith('+')) {
    return assignmentErrors.external;
  }
  return status === inService ? undefined : assignmentErrors.notInService;
}

/** Ends an assignment order. Every fourth FAILED order lists no errors. */
export function endAssignment(
  order: SandboxAssignmentOrder,
  errorOf: (telephoneNumber: string) => AssignmentError | undefined,
): void {
  for (const number of order.numbers) {
    const error = errorOf(number.telephoneNumber);
    number.outcome = error === undefined ? 'ACCEPTED' : 'FAILED';
    number.errorCode = error?.code;
    number.errorDescription = error?.description;
  }
  order.failedQuantity = order.numbers.filter(({ outcome }) => outcome === 'FAILED').length;
  order.status = endOf(order.totalQuantity - order.failedQuantity, order.failedQuantity);
  if (order.status === 'FAILED' && hashText(saltSilent, order.orderId) % 4 === 0) {
    for (const number of order.numbers) {
      number.errorCode = undefined;
      number.errorDescription = undefined;
    }
  }
}

/** Why a disconnect order leaves a number in place. */
export const notDisconnected = {
  code: '5006',
  description: 'Telephone number could not be disconnected since it is not associated with your account',
};

/** Ends a disconnect order. Numbers that are no longer in service fail. */
export function endDisconnect(order: SandboxDisconnect, isInService: (telephoneNumber: string) => boolean): void {
  for (const number of order.numbers) {
    const good = isInService(number.telephoneNumber);
    number.outcome = good ? 'DISCONNECTED' : 'FAILED';
    number.errorCode = good ? undefined : notDisconnected.code;
    number.errorDescription = good ? undefined : notDisconnected.description;
  }
  const failed = order.numbers.filter(({ outcome }) => outcome === 'FAILED').length;
  order.status = endOf(order.numbers.length - failed, failed);
}

const notActive = { code: '7518', description: 'Telephone Number Not Active.' };

const exists = { code: '13552', description: 'Telephone numbers already exist.' };

/** Ends an order that imports or removes numbers of other carriers. Numbers that do not qualify fail. */
export function endImport(
  order: SandboxImportOrder | SandboxRemoval | SandboxExternalOrder,
  isGood: (telephoneNumber: string, n: number) => boolean,
): void {
  const error = 'action' in order && order.action === 'IMPORT' ? exists : notActive;
  for (const [n, number] of order.numbers.entries()) {
    const good = isGood(number.telephoneNumber, n);
    number.outcome = good ? 'ACCEPTED' : 'FAILED';
    number.errorCode = good ? undefined : error.code;
    number.errorDescription = good ? undefined : error.description;
  }
  const failed = order.numbers.filter(({ outcome }) => outcome === 'FAILED').length;
  order.status = endOf(order.numbers.length - failed, failed);
}

/** Counts the numbers of a number order, and ends it if none is pending. */
export function countNumbers(order: NumberOrder, at: number): void {
  order.countOfTns = order.numbers.filter(({ outcome }) => outcome === 'COMPLETED').length;
  if (order.numbers.some(({ outcome }) => outcome === 'PENDING')) {
    return;
  }
  order.failedQuantity = order.quantity - order.countOfTns;
  order.status = endOf(order.countOfTns, order.failedQuantity);
  order.completedDate = new Date(at);
}

/** The final status of an order with these counts of successful and failed numbers. */
export function endOf(good: number, failed: number): WorkOrderStatus {
  if (failed === 0) {
    return 'COMPLETE';
  }
  return good === 0 ? 'FAILED' : 'PARTIAL';
}
