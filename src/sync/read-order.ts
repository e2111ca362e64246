import { ApiError, BrokenBodyError, parseApiErrors, UnavailableError } from '../dashboard/errors.js';
import { type OrderAnswer, parseOrderAnswer, parseOrderNumbers } from '../dashboard/order-answer.js';
import type { OrderDetailResource } from '../dashboard/order-details.js';
import { emptyElement } from '../dashboard/xml.js';
import type { JobContext } from './job.js';
import { lacksNumbers, numbersOf, type OrderToRead, type ToldNumbers } from './order-numbers.js';
import { withoutPersonalData } from './personal-data.js';

/** What came of reading an order by its id. */
export type OrderReading =
  | { order: OrderToRead; answer: OrderAnswer; told: ToldNumbers }
  /** It could not be read, and `reason` is why; it quotes nothing of the answer, which may hold personal data. */
  | { order: OrderToRead; reason: string; error?: Error };

/**
 * Reads an order by its id, with the resource of its numbers where the order leaves some out. An order that the API refuses
 * with 404, or answers unusably however often it is tried, is a result: the others go on.
 *
 * @throws what is no matter of this one order: any other refusal, the end of the credentials, the signal's reason
 */
export async function readOrder(
  { account, client }: JobContext,
  resource: OrderDetailResource,
  order: OrderToRead,
  signal: AbortSignal,
): Promise<OrderReading> {
  // A URL takes these for the folder itself or the one above, however they are encoded.
  if (order.orderId === '.' || order.orderId === '..') return { order, reason: 'its id cannot be part of an address' };
  try {
    const answer = await client.get({
      account,
      path: resource.path(account, order.orderId),
      parse: ({ text }) => parseAnswer(text, resource, order.orderId),
      signal,
    });
    const own = lacksNumbers(resource, answer, order) ? resource.numbers?.own : undefined;
    const more =
      own === undefined
        ? []
        : await client.get({
            account,
            path: own(account, order.orderId),
            parse: ({ status, text }) => (status === 200 ? parseOrderNumbers(text) : []),
            empty: [204, 404],
            signal,
          });
    return { order, answer, told: numbersOf(resource, answer, order, more) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof ApiError && error.status === 404) return { order, reason: `the API ${refusal(error)}` };
    if (error instanceof ApiError && resource.personal) throw withoutDescriptions(error);
    if (error instanceof BrokenBodyError) return { order, reason: 'its answers were unusable', error };
    if (error instanceof UnavailableError)
      return { order, reason: 'it was not answered, however often it was tried', error };
    throw error;
  }
}

/** The descriptions of errors, which become columns, may quote personal data that stands elsewhere in the answer. */
function parseAnswer(text: string, resource: OrderDetailResource, orderId: string): OrderAnswer {
  const answer = parseOrderAnswer(text, resource, orderId);
  if (!resource.personal) return answer;
  return { ...answer, errors: parseApiErrors(withoutPersonalData(answer.rest) ?? emptyElement()) };
}

function refusal({ status, codes }: ApiError): string {
  const told = [...new Set(codes.map(({ code }) => code).filter((code) => code !== ''))];
  return `refused it with status ${status}${told.length === 0 ? '' : ` (${told.join(', ')})`}`;
}

/** The same refusal in the API's codes alone. */
function withoutDescriptions(error: ApiError): ApiError {
  const { request, hint, status, codes } = error;
  return new ApiError(`the API ${refusal(error)}`, {
    ...(request !== undefined && { request }),
    ...(hint !== undefined && { hint }),
    status,
    codes: codes.map(({ code }) => ({ code, description: '', telephoneNumbers: [] })),
  });
}
