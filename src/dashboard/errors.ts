import { LedgerError, type LedgerErrorOptions } from '../errors.js';
import { toLedgerNumber } from '../telephone-number.js';
import { listAt, textAt, type XmlElement, type XmlValue } from './xml.js';

export { XmlError } from './xml-text.js';

/** Hint for responses that can't be from the Dashboard API. */
export const notTheApi = 'BANDWIDTH_API_URL may point to something that is not the Dashboard API.';

/** A request and its attempts, without secrets. */
export interface RequestFacts {
  account: string;
  method: 'GET' | 'POST';
  /** Path and query. */
  path: string;
  /** Attempts sent, including those rejected by the rate limit or for a stale token. */
  tries: number;
  elapsedMs: number;
}

export interface RequestErrorOptions extends LedgerErrorOptions {
  request?: RequestFacts;
}

/** A request to the Dashboard API that failed permanently. */
export class RequestError extends LedgerError {
  override readonly name: string = 'RequestError';
  readonly request: RequestFacts | undefined;

  /** @param what the result of the request, as the end of a sentence that begins with the request */
  constructor(what: string, { request, ...options }: RequestErrorOptions = {}) {
    super(request === undefined ? what : `${describeRequest(request)}: ${what}`, options);
    this.request = request;
  }
}

function describeRequest({ account, method, path, tries, elapsedMs }: RequestFacts): string {
  const effort = `${tries} ${tries === 1 ? 'try' : 'tries'}, ${(elapsedMs / 1000).toFixed(1)} s`;
  return `${method} ${path} (account ${account}, ${effort})`;
}

/** One error reported by the API. */
export interface ApiErrorDetail {
  /** The API's code; `''` if there is only a description. */
  code: string;
  description: string;
  /** The affected numbers, without duplicates, in the ledger's format (`toLedgerNumber`). */
  telephoneNumbers: string[];
}

/** The API understood the request and rejected it; a retry would not help. */
export class ApiError extends RequestError {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly codes: readonly ApiErrorDetail[];
  /** A 403 with an empty body: a role is missing. Any other 403 states its reason. */
  readonly isForbiddenWithoutReason: boolean;
  /** Such a 403 for a resource of an account that the credentials can access, according to their token. */
  readonly lacksRole: boolean;
  /** The response has no body: it doesn't say what is wrong. */
  readonly isBodyEmpty: boolean;

  constructor(
    what: string,
    options: RequestErrorOptions & {
      status: number;
      codes: readonly ApiErrorDetail[];
      isForbiddenWithoutReason?: boolean;
      lacksRole?: boolean;
      isBodyEmpty?: boolean;
    },
  ) {
    super(what, options);
    this.status = options.status;
    this.codes = options.codes;
    this.isForbiddenWithoutReason = options.isForbiddenWithoutReason ?? false;
    this.lacksRole = options.lacksRole ?? false;
    this.isBodyEmpty = options.isBodyEmpty ?? false;
  }
}

/**
 * The API doesn't offer a resource to these credentials or this account: the role is missing, or the list returns 404 without a
 * body, as the API reference shows for the lists of TN option and LIDB orders without saying when.
 */
export function isNotOffered(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.lacksRole || (error.status === 404 && error.isBodyEmpty));
}

/** The API rejects the credentials. Every later request of the client fails with this error. */
export class CredentialsError extends RequestError {
  override readonly name = 'CredentialsError';
}

/** Every attempt got no response, 408, or 5xx. */
export class UnavailableError extends RequestError {
  override readonly name = 'UnavailableError';
}

/** The API still returns 429 after every pause. */
export class RateLimitedError extends RequestError {
  override readonly name = 'RateLimitedError';
}

/** The API returned a redirect. Redirects are never followed: credentials go only to the configured host. */
export class RedirectError extends RequestError {
  override readonly name = 'RedirectError';
}

/**
 * A response that is incomplete or not the requested content: truncated, empty, HTML, a page that was already read. A
 * `parse` function throws it to have the request retried.
 */
export class BrokenBodyError extends RequestError {
  override readonly name = 'BrokenBodyError';
}

/** Whether the API doesn't know the resource (404) or doesn't understand the request (400). */
export function isUnknownOrMalformed(error: unknown): error is ApiError {
  return error instanceof ApiError && (error.status === 400 || error.status === 404);
}

/** This machine's clock and the API's differ by more than the limit. */
export class ClockError extends RequestError {
  override readonly name = 'ClockError';
}

/** The response to a POST was lost, and it is unknown whether the API executed it. It was not sent again. */
export class OutcomeUnknownError extends RequestError {
  override readonly name = 'OutcomeUnknownError';
}

/**
 * Collects the errors in a document, at any depth and in any of the API's formats: `ResponseStatus` and `irisStatus`
 * with a code and a description, `ErrorList/Error`, `Errors/Error`, repeated `Errors`, `Error`.
 */
export function parseApiErrors(document: XmlElement): ApiErrorDetail[] {
  const found: ApiErrorDetail[] = [];
  collectErrors(document, found);
  return found;
}

const errorElements = new Set(['ResponseStatus', 'irisStatus', 'IrisStatus', 'ErrorList', 'Errors', 'Error']);

function collectErrors(element: XmlElement, found: ApiErrorDetail[]): void {
  for (const name of Object.keys(element)) {
    for (const value of listAt(element, name)) {
      const detail = errorElements.has(name) ? errorDetail(value) : undefined;
      if (detail !== undefined) {
        found.push(detail);
      } else if (typeof value === 'object' && !Array.isArray(value)) {
        collectErrors(value, found);
      }
    }
  }
}

/** Undefined for an element that only contains errors, and for an empty one. */
function errorDetail(value: XmlValue): ApiErrorDetail | undefined {
  if (typeof value === 'string') {
    return value === '' ? undefined : { code: '', description: value, telephoneNumbers: [] };
  }
  if (Array.isArray(value)) {
    return undefined;
  }
  const code = textAt(value, 'Code') ?? textAt(value, 'ErrorCode');
  const description = textAt(value, 'Description');
  if (code === undefined && description === undefined) {
    return undefined;
  }
  return { code: code ?? '', description: description ?? '', telephoneNumbers: [...new Set(numbersIn(value))] };
}

const numberElements = ['TelephoneNumbers', 'TelephoneNumber', 'Tn'];

function numbersIn(element: XmlElement): string[] {
  return numberElements.flatMap((name) =>
    listAt(element, name).flatMap((value) => {
      if (typeof value === 'string') {
        return value === '' ? [] : [toLedgerNumber(value)];
      }
      return Array.isArray(value) ? [] : numbersIn(value);
    }),
  );
}

/**
 * Formats errors as part of a sentence: `5076 Number does not belong to this account. (2 numbers, the first
 * 9199918388)`.
 */
export function describeApiErrors(codes: readonly ApiErrorDetail[]): string {
  return codes
    .map(({ code, description, telephoneNumbers }) => {
      const [first] = telephoneNumbers;
      const more = telephoneNumbers.length > 1 ? `${telephoneNumbers.length} numbers, the first ${first}` : first;
      return [code, description, more === undefined ? '' : `(${more})`].filter((part) => part !== '').join(' ');
    })
    .join('; ');
}
