import { toLedgerNumber } from '../telephone-number.js';
import type { DashboardClient } from './client.js';
import { ApiError, type ApiErrorDetail, parseApiErrors } from './errors.js';
import { parseCount, type SortedItems, sortItems } from './items.js';
import { parseListPage } from './list-page.js';
import type { ListResource } from './resource.js';
import { inserviceNumbers } from './resources/inservice-numbers.js';
import { numberDetails } from './resources/number-details.js';
import { spellingsOf } from './single-number.js';
import { encodeText, parseXml, textAt, XmlError } from './xml.js';

/**
 * Reads the size of a list with its filters from `…/totals`.
 *
 * @throws {TypeError} for a resource without totals
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
      const place = resource.totalsCount ?? 'Quantity.Count';
      const count = textAt(parseXml(text), place);
      const total = parseCount(count);
      if (total === undefined) {
        throw new XmlError(`expected <${place.replaceAll('.', '><')}> with a number, got ${JSON.stringify(count)}`);
      }
      return total;
    },
    ...(signal === undefined ? {} : { signal }),
  });
}

export interface NumberDetails extends SortedItems {
  /** The numbers that the API rejected, by code: 15608 invalid, 15610 not on an account. */
  errors: ApiErrorDetail[];
  /** The requested numbers that are neither in the items (of any account) nor in the errors. */
  unanswered: string[];
}

/** Maximum number of telephone numbers in one `POST /tns`. */
export const maxNumbersPerLookup = 2500;

/** Codes that reject numbers in a lookup, not the lookup itself. */
const numberErrors = new Set(['15608', '15610']);

/**
 * Reads details of up to 2,500 numbers. If the API rejects all of them, returns their errors, whatever the HTTP status.
 *
 * @throws {TypeError} for no numbers, or more than 2,500
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
    path: numberDetails.list.path(account),
    body: `<?xml version="1.0" encoding="UTF-8"?><TnList>${telephoneNumbers.map((tn) => `<Tn>${encodeText(tn)}</Tn>`).join('')}</TnList>`,
    // A lookup changes nothing.
    retry: 'safe',
    parse: ({ text }) => {
      const { items, document } = parseListPage(text, numberDetails.list);
      const errors = parseApiErrors(document);
      const key = numberDetails.list.fields.indexOf(numberDetails.list.key);
      const answered = new Set([
        ...items.map((item) => item.values[key]),
        ...errors.flatMap((error) => error.telephoneNumbers),
      ]);
      const unanswered = telephoneNumbers.filter((number) => !answered.has(toLedgerNumber(number)));
      return { ...sortItems(items, numberDetails.list, account), errors, unanswered };
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
 * Whether a number is in service on the account, according to `inserviceNumbers/{tn}`: 200, or 404 with or without a
 * body. Accounts with the E.164 response format may list a NANP number only with `+1`, so a number is not in service
 * only if neither format is found.
 */
export async function isInService(
  client: DashboardClient,
  account: string,
  telephoneNumber: string,
  signal?: AbortSignal,
): Promise<boolean> {
  for (const spelling of spellingsOf(telephoneNumber)) {
    const found = await client.get({
      account,
      path: `${inserviceNumbers.list.path(account)}/${encodeURIComponent(spelling)}`,
      accept: [200, 404],
      parse: ({ status, text }) => {
        // A 404 that isn't XML doesn't come from the API.
        if (status === 404 && text.trim() !== '') parseXml(text);
        return status === 200;
      },
      ...(signal === undefined ? {} : { signal }),
    });
    if (found) return true;
  }
  return false;
}
