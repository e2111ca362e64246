import { ApiError, BrokenBodyError, parseApiErrors, UnavailableError } from '../dashboard/errors.js';
import {
  type OrderAnswer,
  parseOrderAnswer,
  parseOrderNumbers,
  parseOrderPart,
  readOrderElement,
} from '../dashboard/order-answer.js';
import type { OrderDetailResource } from '../dashboard/resource.js';
import { emptyElement, type XmlElement, XmlError } from '../dashboard/xml.js';
import type { JobContext } from '../run/job.js';
import { lacksNumbers, numbersOf, type OrderToRead, type ReportedNumbers } from './order-numbers.js';
import { withoutPersonalData } from './personal-data.js';
import type { FailedReading } from './read-each.js';

/** An order and its numbers. */
export interface WholeOrder {
  answer: OrderAnswer;
  reported: ReportedNumbers;
}

/** The result of reading an order by its id. */
export type OrderReading = ({ order: OrderToRead } & WholeOrder) | FailedReading;

/**
 * Reads an order by its id, and its numbers resource if the order omits some numbers. A 404, or an unusable response after all
 * retries, is returned as a result, so that the other orders can still be read.
 *
 * @param listed the order as the list just returned it: only what the list can't have is read
 * @throws errors that are not specific to this order: any other API error, refused credentials, the signal's reason
 */
export async function readOrder(
  context: JobContext,
  resource: OrderDetailResource,
  order: OrderToRead,
  { listed, signal }: { listed?: OrderAnswer | undefined; signal: AbortSignal },
): Promise<OrderReading> {
  const { account, client } = context;
  // A URL resolves these as the current or parent folder, even when they are percent-encoded.
  if (order.orderId === '.' || order.orderId === '..') return { order, reason: 'its id cannot be part of a URL' };
  try {
    const answer =
      listed ??
      (await client.get({
        account,
        path: resource.path(account, order.orderId),
        parse: ({ text }) => withoutQuotes(parseOrderAnswer(text, resource, order.orderId), resource),
        signal,
      }));
    const more = lacksNumbers(resource, answer, order)
      ? await readNumbers(context, resource, order, answer, signal)
      : [];
    if (resource.members !== undefined && answer.members === undefined) {
      const { own: path, ownRoot: root, ownPath } = resource.members;
      answer.members = await readPart(context, { path: path(account, order.orderId), root, ownPath }, answer, signal);
    }
    return { order, answer, reported: numbersOf(resource, answer, order, more) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ApiError && error.status === 404) return { order, reason: `the API ${refusal(error)}` };
    if (error instanceof ApiError && resource.personal) throw withoutDescriptions(error);
    if (error instanceof BrokenBodyError) return { order, reason: 'the API returned unusable responses', error };
    if (error instanceof UnavailableError)
      return { order, reason: 'the API did not respond, even after retries', error };
    throw error;
  }
}

/** The most requests that reading an order takes, without retries: for itself, its numbers, and its members. */
export function mostRequests({ numbers, members }: OrderDetailResource): number {
  return 1 + Number(numbers?.own !== undefined) + Number(members !== undefined);
}

/** Reads the numbers that an order omits; undefined if their resource, the only one that has them, lists none. */
async function readNumbers(
  context: JobContext,
  { numbers }: OrderDetailResource,
  { orderId }: OrderToRead,
  answer: OrderAnswer,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  if (numbers?.own === undefined) return [];
  const { account, client } = context;
  const path = numbers.own(account, orderId);
  if (numbers.ownRoot !== undefined) {
    return readPart(context, { path, root: numbers.ownRoot, ownPath: numbers.path }, answer, signal);
  }
  return client.get({
    account,
    path,
    parse: ({ status, text }) => (status === 200 ? parseOrderNumbers(text) : []),
    empty: [204, 404],
    signal,
  });
}

/** Reads a part of an order from a resource of its own. What else the resource has becomes part of the answer. */
async function readPart(
  { account, client }: JobContext,
  { path, root, ownPath }: { path: string; root: string; ownPath: string },
  answer: OrderAnswer,
  signal: AbortSignal,
): Promise<string[] | undefined> {
  const { texts, rest } = await client.get({
    account,
    path,
    parse: ({ status, text }) =>
      status === 200 ? parseOrderPart(text, { root, path: ownPath }) : { texts: undefined, rest: emptyElement() },
    empty: [204, 404],
    signal,
  });
  if (Object.keys(rest).length > 0) answer.rest[root] = rest;
  return texts;
}

/**
 * Reads an order from its element in a list. Returns undefined if the element isn't the whole order: it lacks the status
 * or the numbers, or has fewer numbers than its own count. Of an order whose numbers are elsewhere, they are missing in the
 * result, and the members must be there.
 */
export function readWholeOrder(
  element: XmlElement,
  resource: OrderDetailResource,
  { orderId, listedCount = 0 }: { orderId: string; listedCount: number | undefined },
): WholeOrder | undefined {
  try {
    const answer = withoutQuotes(readOrderElement(element, resource, orderId), resource);
    const { status, numbers, members, isWithoutNumbers } = answer;
    const hasNumbers = numbers !== undefined && numbers.length > 0 && numbers.length >= listedCount;
    const isWhole = resource.numbers?.ownRoot === undefined ? hasNumbers || isWithoutNumbers : members;
    if (status === undefined || !isWhole) return undefined;
    return { answer, reported: numbersOf(resource, answer, { orderId, status, listedCount: null }, []) };
  } catch (error) {
    if (error instanceof XmlError) return undefined;
    throw error;
  }
}

/** Error descriptions are stored in columns, and may quote personal data from elsewhere in the response. */
function withoutQuotes(answer: OrderAnswer, resource: OrderDetailResource): OrderAnswer {
  if (!resource.personal) return answer;
  return { ...answer, errors: parseApiErrors(withoutPersonalData(answer.rest, resource.harmless) ?? emptyElement()) };
}

/** What the API did, with its codes only: descriptions may quote personal data. */
export function refusal({ status, codes }: ApiError): string {
  const named = [...new Set(codes.map(({ code }) => code).filter((code) => code !== ''))];
  return `refused it with status ${status}${named.length === 0 ? '' : ` (${named.join(', ')})`}`;
}

/** The same error with the API's codes only. */
function withoutDescriptions(error: ApiError): ApiError {
  const { request, hint, status, codes } = error;
  return new ApiError(`the API ${refusal(error)}`, {
    ...(request !== undefined && { request }),
    ...(hint !== undefined && { hint }),
    status,
    codes: codes.map(({ code }) => ({ code, description: '', telephoneNumbers: [] })),
  });
}
