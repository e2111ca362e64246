import type { DashboardClient, PostRetry } from './client.js';
import { toTimestamp } from './dates.js';
import { type ApiErrorDetail, parseApiErrors } from './errors.js';
import { parseCount } from './items.js';
import { parseListPage } from './list-page.js';
import { numberAssignments } from './resources/number-assignments.js';
import { elementAt, encodeText, isElement, listAt, parseXml, textAt, type XmlElement, XmlError } from './xml.js';

/** An order that marks numbers ASSIGNED or UNASSIGNED, as returned when it is placed or read. */
export interface AssignmentOrder {
  orderId: string;
  customerOrderId: string | undefined;
  /** ASSIGN or UNASSIGN; undefined if the response omits it. */
  action: string | undefined;
  /** RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED. */
  status: string;
  totalQuantity: number | undefined;
  /** Some responses omit it, even for orders with failed numbers. */
  failedQuantity: number | undefined;
  /** ISO 8601 in UTC. */
  createdAt: string | undefined;
  userId: string | undefined;
  /** The order's numbers, without duplicates, in the ledger's format (`toLedgerNumber`). */
  telephoneNumbers: string[];
  /** Why numbers failed; an error without numbers is about the order. */
  errors: ApiErrorDetail[];
}

/** Whether a status is final; any other status may still change. */
export function isEndOfAssignment(status: string): boolean {
  return status === 'COMPLETE' || status === 'PARTIAL' || status === 'FAILED';
}

interface Asking {
  account: string;
  signal?: AbortSignal | undefined;
  priority?: number;
}

const root = 'TelephoneNumbersAssignmentOrderResponse';
const numbersOfOrder = {
  container: `${root}.TelephoneNumbersAssignmentOrder.TelephoneNumbers`,
  item: 'TelephoneNumber',
  fields: ['#text'],
};

export interface PlaceAssignment extends Asking {
  customerOrderId: string;
  action: 'ASSIGN' | 'UNASSIGN';
  /** At most 5000. */
  telephoneNumbers: readonly string[];
  /** What to do if the response is lost; the API has no idempotency key. */
  retry: PostRetry<AssignmentOrder>;
  /** As in `PostRequest`. */
  beforeSending?: (() => void) | undefined;
}

/** Places an order. An ApiError with a status of 400 or above means that no order exists. */
export function placeAssignmentOrder(client: DashboardClient, order: PlaceAssignment): Promise<AssignmentOrder> {
  const { account, customerOrderId, action, telephoneNumbers, retry, beforeSending, ...asking } = order;
  const numbers = telephoneNumbers.map((number) => `<TelephoneNumber>${encodeText(number)}</TelephoneNumber>`).join('');
  return client.post({
    ...withoutUndefined(asking),
    account,
    path: numberAssignments.list.path(account),
    body: `<?xml version="1.0" encoding="UTF-8"?><TelephoneNumbersAssignmentOrder><CustomerOrderId>${encodeText(customerOrderId)}</CustomerOrderId><Action>${action}</Action><TelephoneNumbers>${numbers}</TelephoneNumbers></TelephoneNumbersAssignmentOrder>`,
    retry,
    beforeSending,
    parse: ({ text }) => parseAssignmentOrder(text),
  });
}

/** Reads an order by Bandwidth's id. */
export function readAssignmentOrder(
  client: DashboardClient,
  orderId: string,
  { account, ...asking }: Asking,
): Promise<AssignmentOrder> {
  return client.get({
    ...withoutUndefined(asking),
    account,
    path: `${numberAssignments.list.path(account)}/${encodeURIComponent(orderId)}`,
    parse({ text }) {
      const order = parseAssignmentOrder(text);
      if (order.orderId !== orderId) {
        throw new XmlError(`expected the order ${orderId}, got ${JSON.stringify(order.orderId)}`);
      }
      return order;
    },
  });
}

/** An order in a list: any of these may be missing. */
export interface AssignmentSummary {
  orderId: string | undefined;
  customerOrderId: string | undefined;
}

/** Maximum number of orders in a list, which has no pages. */
export const maxAssignmentsPerList = 1000;

/**
 * Lists the orders with a customer order id. If the API doesn't know the parameter, it lists all orders, so treat the
 * result as candidates only.
 */
export function searchAssignmentOrders(
  client: DashboardClient,
  customerOrderId: string,
  { account, ...asking }: Asking,
): Promise<AssignmentSummary[]> {
  return client.get({
    ...withoutUndefined(asking),
    account,
    path: numberAssignments.list.path(account),
    query: { customerOrderId },
    empty: [204, 404],
    parse: ({ text }) => (text.trim() === '' ? [] : collectSummaries(parseXml(text))),
  });
}

/** Bandwidth rejects every assignment order of an account without this feature (12752). */
const assignmentFeature = 'TN_ASSIGNMENT';

/** Whether the account has the number assignment feature. */
export async function checkAssignmentFeature(client: DashboardClient, asking: Asking): Promise<boolean> {
  return (await readFeatures(client, asking)).has(assignmentFeature);
}

/** Message for an account without the number assignment feature. */
export function missingFeature(account: string): string {
  return `account ${account} does not have the feature ${assignmentFeature}: Bandwidth would reject every assignment order (12752). Ask Bandwidth to enable number assignment for the account`;
}

/** Reads the names of the account's features from `GET …/products`. */
export function readFeatures(client: DashboardClient, { account, ...asking }: Asking): Promise<Set<string>> {
  return client.get({
    ...withoutUndefined(asking),
    account,
    path: `/accounts/${encodeURIComponent(account)}/products`,
    parse({ text }) {
      const document = parseXml(text);
      if (!Object.hasOwn(document, 'AccountProductsResponse')) {
        throw new XmlError(`expected a document <AccountProductsResponse>, but it is <${Object.keys(document)[0]}>`);
      }
      const products = listAt(document, 'AccountProductsResponse.Products.Product').filter(isElement);
      const features = products.flatMap((product) => listAt(product, 'Features.Feature'));
      return new Set(features.filter((feature) => typeof feature === 'string'));
    },
  });
}

/** @throws {XmlError} if the response isn't an order, or has no id or status */
function parseAssignmentOrder(text: string): AssignmentOrder {
  // The scanner reads thousands of numbers ten times faster than an XML parser. The rest of the response is small.
  const { items, document } = parseListPage(text, numbersOfOrder);
  const answer = elementAt(document, root);
  const orderId = textAt(answer, 'OrderId');
  const status = textAt(answer, 'ProcessingStatus') ?? textAt(answer, 'OrderStatus');
  if (!orderId || !status) throw new XmlError(`expected <${root}> with an order id and a status`);
  const order = elementAt(answer, 'TelephoneNumbersAssignmentOrder');
  return {
    orderId,
    status,
    customerOrderId: textAt(order, 'CustomerOrderId') || textAt(answer, 'CustomerOrderId') || undefined,
    action: textAt(order, 'Action') || undefined,
    totalQuantity: parseCount(textAt(answer, 'TotalQuantity')),
    failedQuantity: parseCount(textAt(answer, 'FailedQuantity')),
    createdAt: toTimestamp(textAt(answer, 'OrderCreateDate') ?? ''),
    userId: textAt(answer, 'CreatedByUser') || undefined,
    telephoneNumbers: [...new Set(items.flatMap(({ values: [number] }) => number ?? []))],
    errors: parseApiErrors(document),
  };
}

/** Collects every element that is an order. Element names and their case vary. */
function collectSummaries(element: XmlElement, found: AssignmentSummary[] = []): AssignmentSummary[] {
  for (const name of Object.keys(element)) {
    for (const value of listAt(element, name)) {
      if (!isElement(value)) continue;
      const orderId = textAt(value, 'OrderId') || textAt(value, 'orderId') || undefined;
      const customerOrderId = textAt(value, 'CustomerOrderId') || textAt(value, 'customerOrderId') || undefined;
      const isOrder = orderId ?? customerOrderId ?? textAt(value, 'OrderStatus') ?? textAt(value, 'ProcessingStatus');
      if (isOrder !== undefined) found.push({ orderId, customerOrderId });
      else collectSummaries(value, found);
    }
  }
  return found;
}

function withoutUndefined({ signal, priority }: Omit<Asking, 'account'>): { signal?: AbortSignal; priority?: number } {
  return { ...(signal !== undefined && { signal }), ...(priority !== undefined && { priority }) };
}
