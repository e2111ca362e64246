import type { DashboardClient, PostRetry } from './client.js';
import { toTimestamp } from './dates.js';
import { type ApiErrorDetail, parseApiErrors } from './errors.js';
import { parseCount } from './items.js';
import { parseListPage } from './list-page.js';
import { elementAt, encodeText, listAt, parseXml, textAt, type XmlElement, XmlError, type XmlValue } from './xml.js';

/** An order that declares numbers assigned or unassigned, as the answers to its placing and its reading say it. */
export interface AssignmentOrder {
  orderId: string;
  customerOrderId: string | undefined;
  /** ASSIGN or UNASSIGN; undefined where the answer leaves it out. */
  action: string | undefined;
  /** RECEIVED, PROCESSING, then COMPLETE, PARTIAL or FAILED. */
  status: string;
  totalQuantity: number | undefined;
  /** Left out by some answers, also of orders of which numbers failed. */
  failedQuantity: number | undefined;
  /** ISO 8601 in UTC. */
  createdAt: string | undefined;
  userId: string | undefined;
  /** The numbers that it names, each once, in the ledger's form (`toLedgerNumber`). */
  telephoneNumbers: string[];
  /** Why numbers failed; one without numbers is about the order. */
  errors: ApiErrorDetail[];
}

/** The end of an assignment order; any other status may still change. */
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

function pathOf(account: string): string {
  return `/accounts/${encodeURIComponent(account)}/numbersAssignment`;
}

export interface PlaceAssignment extends Asking {
  customerOrderId: string;
  action: 'ASSIGN' | 'UNASSIGN';
  /** At most 5000. */
  telephoneNumbers: readonly string[];
  /** What to do when the answer is lost: the API has no idempotency key. */
  retry: PostRetry<AssignmentOrder>;
}

/** Places an order. An ApiError with a status of 400 and above means that there is none. */
export function placeAssignmentOrder(client: DashboardClient, order: PlaceAssignment): Promise<AssignmentOrder> {
  const { account, customerOrderId, action, telephoneNumbers, retry, ...asking } = order;
  const numbers = telephoneNumbers.map((number) => `<TelephoneNumber>${encodeText(number)}</TelephoneNumber>`).join('');
  return client.post({
    ...withoutUndefined(asking),
    account,
    path: pathOf(account),
    body: `<?xml version="1.0" encoding="UTF-8"?><TelephoneNumbersAssignmentOrder><CustomerOrderId>${encodeText(customerOrderId)}</CustomerOrderId><Action>${action}</Action><TelephoneNumbers>${numbers}</TelephoneNumbers></TelephoneNumbersAssignmentOrder>`,
    retry,
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
    path: `${pathOf(account)}/${encodeURIComponent(orderId)}`,
    parse({ text }) {
      const order = parseAssignmentOrder(text);
      if (order.orderId !== orderId) {
        throw new XmlError(`expected the order ${orderId}, got ${JSON.stringify(order.orderId)}`);
      }
      return order;
    },
  });
}

/** What a list says of an order: any of it may be missing. */
export interface AssignmentSummary {
  orderId: string | undefined;
  customerOrderId: string | undefined;
}

/** The most orders that one list holds; there are no further pages. */
export const maxAssignmentsPerList = 1000;

/**
 * The orders that the API lists when it is asked for those of a customer order id. It lists all that there are where it does not know the parameter,
 * so that what comes back is a list of candidates and no answer.
 */
export function searchAssignmentOrders(
  client: DashboardClient,
  customerOrderId: string,
  { account, ...asking }: Asking,
): Promise<AssignmentSummary[]> {
  return client.get({
    ...withoutUndefined(asking),
    account,
    path: pathOf(account),
    query: { customerOrderId },
    empty: [204, 404],
    parse: ({ text }) => (text.trim() === '' ? [] : collectSummaries(parseXml(text))),
  });
}

/** The feature without which Bandwidth refuses every assignment order (12752). */
const assignmentFeature = 'TN_ASSIGNMENT';

/** Whether the account may assign numbers. */
export async function checkAssignmentFeature(client: DashboardClient, asking: Asking): Promise<boolean> {
  return (await readFeatures(client, asking)).has(assignmentFeature);
}

/** What it means that the account may not. */
export function missingFeature(account: string): string {
  return `account ${account} does not have the feature ${assignmentFeature}: Bandwidth would refuse every assignment order (12752). Ask Bandwidth to enable number assignment for the account`;
}

/** Names of the features that the account's products have, as `GET …/products` lists them. */
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

/** @throws {XmlError} what is no answer about an order, or lacks its id or its status */
function parseAssignmentOrder(text: string): AssignmentOrder {
  // Thousands of numbers, which are scanned at ten times an XML parser's speed; the rest of the answer is small.
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

/** Every element of a list that is about an order: names of elements and their case differ from list to list. */
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

function isElement(value: XmlValue): value is XmlElement {
  return typeof value === 'object' && !Array.isArray(value);
}

function withoutUndefined({ signal, priority }: Omit<Asking, 'account'>): { signal?: AbortSignal; priority?: number } {
  return { ...(signal !== undefined && { signal }), ...(priority !== undefined && { priority }) };
}
