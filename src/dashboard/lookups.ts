import type { DashboardClient } from './client.js';
import { ApiError, type ApiErrorDetail, parseApiErrors } from './errors.js';
import { parseCount, type SortedItems, sortItems } from './items.js';
import { parseListPage } from './list-page.js';
import { inserviceNumbers, type ListResource, numberDetails } from './resources.js';
import { toLedgerNumber } from './telephone-number.js';
import { encodeText, parseXml, textAt, XmlError } from './xml.js';

/**
 * The size of a list, by its filters, as its `…/totals` tells it.
 *
 * @throws {TypeError} for a resource that has none
 */
export async function readTotal(
  client: DashboardClient,
  resource: ListResource,
  account: string,
  signal?: AbortSignal,
): Promise<number> {
  if (resource.totals === undefined) {
    throw new TypeError(`Expected a resource with totals, got ${resource.name}`);
  }
  return client.get({
    account,
    path: resource.totals(account),
    query: resource.query(account),
    parse: ({ text }) => {
      const count = textAt(parseXml(text), 'Quantity.Count');
      const total = parseCount(count);
      if (total === undefined) {
        throw new XmlError(`expected <Quantity><Count> with a number, got ${JSON.stringify(count)}`);
      }
      return total;
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

export interface NumberDetails extends SortedItems {
  /** The numbers that the API refused, by code: 15608 invalid, 15610 not on an account. */
  errors: ApiErrorDetail[];
  /** The numbers asked for that the answer names neither as items (of any account) nor in errors. */
  unanswered: string[];
}

/** The most numbers that one `POST /tns` takes. */
export const maxNumbersPerLookup = 2500;

/** Codes by which the API refuses numbers in a lookup, and not the lookup itself. */
const numberErrors = new Set(['15608', '15610']);

/**
 * Details of up to 2500 numbers. Where the API refuses all of them, that is an answer too, whatever its HTTP status.
 *
 * @throws {TypeError} for none, or more than 2500
 */
export async function readNumberDetails(
  client: DashboardClient,
  account: string,
  telephoneNumbers: readonly string[],
  signal?: AbortSignal,
): Promise<NumberDetails> {
  if (telephoneNumbers.length === 0 || telephoneNumbers.length > maxNumbersPerLookup) {
    throw new TypeError(`Expected 1 to ${maxNumbersPerLookup} numbers, got ${telephoneNumbers.length}`);
  }
  const lookup = client.post({
    account,
    path: numberDetails.path(account),
    body: `<?xml version="1.0" encoding="UTF-8"?><TnList>${telephoneNumbers.map((tn) => `<Tn>${encodeText(tn)}</Tn>`).join('')}</TnList>`,
    // It changes nothing.
    retry: 'safe',
    parse: ({ text }) => {
      const { items, document } = parseListPage(text, numberDetails);
      const errors = parseApiErrors(document);
      const key = numberDetails.fields.indexOf(numberDetails.key);
      const answered = new Set([
        ...items.map((item) => item.values[key]),
        ...errors.flatMap((error) => error.telephoneNumbers),
      ]);
      const unanswered = telephoneNumbers.filter((number) => !answered.has(toLedgerNumber(number)));
      return { ...sortItems(items, numberDetails, account), errors, unanswered };
    },
    ...(signal === undefined ? {} : { signal }),
  });
  return lookup.catch((error: unknown) => {
    if (!(error instanceof ApiError) || error.codes.length === 0) throw error;
    if (!error.codes.every(({ code }) => numberErrors.has(code))) throw error;
    const refused = new Set(error.codes.flatMap((code) => code.telephoneNumbers));
    const unanswered = telephoneNumbers.filter((number) => !refused.has(number));
    return { items: [], withoutKey: [], foreign: [], errors: [...error.codes], unanswered };
  });
}

/**
 * Whether a number is in service on the account, by the verifier `inserviceNumbers/{tn}`: 200, or 404 with or without a body.
 * Accounts with the E.164 response format may know a NANP number by `+1` only: it is not in service if neither spelling is.
 */
export async function isInService(
  client: DashboardClient,
  account: string,
  telephoneNumber: string,
  signal?: AbortSignal,
): Promise<boolean> {
  const spellings = /^\d{10}$/.test(telephoneNumber) ? [telephoneNumber, `+1${telephoneNumber}`] : [telephoneNumber];
  for (const spelling of spellings) {
    const found = await client.get({
      account,
      path: `${inserviceNumbers.path(account)}/${encodeURIComponent(spelling)}`,
      accept: [200, 404],
      parse: ({ status, text }) => {
        // A 404 that is not XML comes from something else than the API.
        if (status === 404 && text.trim() !== '') parseXml(text);
        return status === 200;
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (found) return true;
  }
  return false;
}
