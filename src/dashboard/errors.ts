import { LedgerError, type LedgerErrorOptions } from '../errors.js';
import { toLedgerNumber } from './telephone-number.js';
import { listAt, textAt, type XmlElement, type XmlValue } from './xml.js';

export { XmlError } from './xml-text.js';

/** The hint for answers that no Dashboard API gives. */
export const notTheApi = 'BANDWIDTH_API_URL may point to something that is not the Dashboard API.';

/** What was asked, and how hard it was tried; no secret is in it. */
export interface RequestFacts {
  account: string;
  method: 'GET' | 'POST';
  /** Path and query, from the host on. */
  path: string;
  /** Attempts sent, those refused by the rate limit and for a stale token included. */
  tries: number;
  elapsedMs: number;
}

export interface RequestErrorOptions extends LedgerErrorOptions {
  request?: RequestFacts;
}

/** A request to the Dashboard API that failed for good. */
export class RequestError extends LedgerError {
  override readonly name: string = 'RequestError';
  readonly request: RequestFacts | undefined;

  /** @param what what became of the request, as the end of a sentence that begins with it */
  constructor(what: string, { request, ...options }: RequestErrorOptions = {}) {
    super(request === undefined ? what : `${describeRequest(request)}: ${what}`, options);
    this.request = request;
  }
}

function describeRequest({ account, method, path, tries, elapsedMs }: RequestFacts): string {
  const effort = `${tries} ${tries === 1 ? 'try' : 'tries'}, ${(elapsedMs / 1000).toFixed(1)} s`;
  return `${method} ${path} (account ${account}, ${effort})`;
}

/** One error as the API tells it. */
export interface ApiErrorDetail {
  /** The API's code; `''` where it gives only a description. */
  code: string;
  description: string;
  /** The numbers that it concerns, each once, in the ledger's form (`toLedgerNumber`). */
  telephoneNumbers: string[];
}

/** The API understood the request and refused it; trying again would not help. */
export class ApiError extends RequestError {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly codes: readonly ApiErrorDetail[];
  /** A 403 with an empty body: a role is missing. Any other says what it is about. */
  readonly isForbiddenWithoutReason: boolean;

  constructor(
    what: string,
    options: RequestErrorOptions & {
      status: number;
      codes: readonly ApiErrorDetail[];
      isForbiddenWithoutReason?: boolean;
    },
  ) {
    super(what, options);
    this.status = options.status;
    this.codes = options.codes;
    this.isForbiddenWithoutReason = options.isForbiddenWithoutReason ?? false;
  }
}

/** The API refuses the credentials. Every request of the client fails with this error from then on. */
export class CredentialsError extends RequestError {
  override readonly name = 'CredentialsError';
}

/** No answer at all, or only 408 and 5xx, however often it was tried. */
export class UnavailableError extends RequestError {
  override readonly name = 'UnavailableError';
}

/** The API goes on answering 429, whatever was waited. */
export class RateLimitedError extends RequestError {
  override readonly name = 'RateLimitedError';
}

/** The API answers with a redirect, which is never followed: credentials go to the configured host only. */
export class RedirectError extends RequestError {
  override readonly name = 'RedirectError';
}

/**
 * An answer that is not whole, or not what was asked for: cut off, empty, HTML, a page that was already read.
 * A `parse` function throws it to have the request tried again.
 */
export class BrokenBodyError extends RequestError {
  override readonly name = 'BrokenBodyError';
}

/** The clocks of this machine and of the API differ by more than is allowed. */
export class ClockError extends RequestError {
  override readonly name = 'ClockError';
}

/** A POST whose answer was lost, and nobody can tell whether the API carried it out. It was not sent again. */
export class OutcomeUnknownError extends RequestError {
  override readonly name = 'OutcomeUnknownError';
}

/**
 * The errors in a document, wherever they stand in it and in whichever of the API's forms:
 * `ResponseStatus` and `irisStatus` with a code and a description, `ErrorList/Error`, `Errors/Error`, repeated `Errors`, `Error`.
 */
export function parseApiErrors(document: XmlElement): ApiErrorDetail[] {
  const found: ApiErrorDetail[] = [];
  collectErrors(document, found);
  return found;
}

const errorElements = new Set(['ResponseStatus', 'irisStatus', 'ErrorList', 'Errors', 'Error']);

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

/** Undefined for an element that only holds errors, and for an empty one. */
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

/** The errors as one piece of a sentence: `5076 Number does not belong to this account. (2 numbers, the first 9199918388)`. */
export function describeApiErrors(codes: readonly ApiErrorDetail[]): string {
  return codes
    .map(({ code, description, telephoneNumbers }) => {
      const [first] = telephoneNumbers;
      const more = telephoneNumbers.length > 1 ? `${telephoneNumbers.length} numbers, the first ${first}` : first;
      return [code, description, more === undefined ? '' : `(${more})`].filter((part) => part !== '').join(' ');
    })
    .join('; ');
}
