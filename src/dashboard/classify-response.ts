import { messageOf } from '../errors.js';
import {
  ApiError,
  type ApiErrorDetail,
  BrokenBodyError,
  describeApiErrors,
  notTheApi,
  parseApiErrors,
  RedirectError,
  type RequestError,
  type RequestErrorOptions,
} from './errors.js';
import type { ResponseBody } from './exchange.js';
import { type Access, accountHint, describeForbidden } from './permissions.js';
import { parseXml, type XmlElement, XmlError } from './xml.js';

/** The responses that a caller accepts. */
export interface Expectation<T> {
  parse: (body: ResponseBody) => T;
  /** Statuses that mean an empty list: 204, and 404 with a body that contains `Links` and no error. */
  empty?: readonly (204 | 404)[] | undefined;
  /** Statuses whose responses go to `parse` whatever they contain: a 303, a 201 without a body. */
  accept?: readonly number[] | undefined;
}

/** How to handle a response. */
export type Classification<T> =
  | { kind: 'value'; value: T }
  /** 429: nothing was executed. */
  | { kind: 'limited' }
  /** 401: nothing was executed. */
  | { kind: 'unauthorized' }
  /** To be retried. */
  | { kind: 'retry'; reason: string; broken: boolean; hint?: string; cause?: unknown }
  /** Not to be retried. */
  | { kind: 'refused'; error: (options: RequestErrorOptions) => RequestError };

/** A request that was sent. */
export interface SentRequest<T> extends Expectation<T> {
  account: string;
  url: URL;
}

/** Classifies a response of the Dashboard API by its status and the caller's expectations. */
export function classifyResponse<T>(
  response: ResponseBody,
  expected: SentRequest<T>,
  access: Access,
): Classification<T> {
  const { status } = response;
  if (expected.accept?.includes(status) || isEmptyList(response, expected)) {
    return classifyBody(response, expected, access);
  }
  if (status === 401) {
    return { kind: 'unauthorized' };
  }
  if (status === 429) {
    return { kind: 'limited' };
  }
  if (status === 408 || status >= 500) {
    return { kind: 'retry', reason: `status ${status}${describeCodes(response)}`, broken: false };
  }
  if (status >= 300 && status < 400) {
    return { kind: 'refused', error: (options) => redirectError(response, expected.url, options) };
  }
  if (status >= 400) {
    return { kind: 'refused', error: (options) => apiError(response, expected, access, errorsOf(response), options) };
  }
  if (response.text.trim() === '') {
    return broken(`an empty body (status ${status})`, response);
  }
  return classifyBody(response, expected, access);
}

function isEmptyList<T>(response: ResponseBody, { empty }: Expectation<T>): boolean {
  if (response.status === 404 && empty?.includes(404)) {
    const document = documentOf(response);
    if (document === undefined || parseApiErrors(document).length > 0) {
      return false;
    }
    // Bandwidth's API reference shows `Links` as the root itself.
    const [root] = Object.values(document);
    return (
      Object.hasOwn(document, 'Links') ||
      (typeof root === 'object' && !Array.isArray(root) && Object.hasOwn(root, 'Links'))
    );
  }
  return response.status === 204 && empty?.includes(204) === true;
}

function classifyBody<T>(response: ResponseBody, expected: SentRequest<T>, access: Access): Classification<T> {
  try {
    return { kind: 'value', value: expected.parse(response) };
  } catch (cause) {
    // A 200 may contain an error.
    const codes = cause instanceof BrokenBodyError ? [] : errorsOf(response);
    if (codes.length > 0) {
      return { kind: 'refused', error: (options) => apiError(response, expected, access, codes, options) };
    }
    return broken(messageOf(cause), response, cause);
  }
}

function broken(what: string, response: ResponseBody, cause?: unknown): Classification<never> {
  const content = describeContent(response.text);
  if (content === undefined) {
    const hint = cause instanceof BrokenBodyError || cause instanceof XmlError ? cause.hint : undefined;
    return { kind: 'retry', reason: what, broken: true, cause, ...(hint === undefined ? {} : { hint }) };
  }
  const hint = `${notTheApi} It returns ${content}.`;
  return { kind: 'retry', reason: `${content} instead of XML`, broken: true, hint, cause };
}

/** Undefined for an empty body, and for one that may be XML. */
function describeContent(text: string): string | undefined {
  const start = text.trimStart().slice(0, 200).toLowerCase();
  if (start === '') {
    return undefined;
  }
  if (/^(?:<\?xml[^>]*>\s*)?<(?:!doctype html|html)\b/.test(start)) {
    return 'HTML';
  }
  if (start.startsWith('{') || start.startsWith('[')) {
    return 'JSON';
  }
  return start.startsWith('<') || start.startsWith('\ufeff<') ? undefined : 'text';
}

function documentOf({ text }: ResponseBody): XmlElement | undefined {
  try {
    return parseXml(text);
  } catch (error) {
    if (error instanceof XmlError) {
      return undefined;
    }
    throw error;
  }
}

function errorsOf(response: ResponseBody): ApiErrorDetail[] {
  const document = documentOf(response);
  return document === undefined ? [] : parseApiErrors(document);
}

function describeCodes(response: ResponseBody): string {
  const described = describeApiErrors(errorsOf(response));
  return described === '' ? '' : `, ${described}`;
}

function redirectError({ status, headers }: ResponseBody, url: URL, options: RequestErrorOptions): RedirectError {
  const location = headers.location;
  const target =
    typeof location === 'string' && URL.canParse(location, url.href) ? new URL(location, url.href).origin : undefined;
  return new RedirectError(`status ${status} redirects to ${target ?? 'nowhere'}; the redirect was not followed`, {
    ...options,
    hint: `${notTheApi} If the API has moved, set it to the new address.`,
  });
}

function apiError(
  response: ResponseBody,
  { account, url }: Pick<SentRequest<unknown>, 'account' | 'url'>,
  access: Access,
  codes: ApiErrorDetail[],
  options: RequestErrorOptions,
): ApiError {
  const { status } = response;
  // A 403 with an empty body means that a role is missing. Any other 403 states its reason.
  const forbidden =
    status === 403 && response.text.trim() === '' ? describeForbidden(account, url.pathname, access) : undefined;
  const reason = forbidden?.reason ?? (describeApiErrors(codes) || describeContent(response.text) || 'no description');
  const hint = forbidden?.hint ?? hintFor(response, account, url, codes, access);
  return new ApiError(`rejected with status ${status}: ${reason}`, {
    ...options,
    ...(hint === undefined ? {} : { hint }),
    status,
    codes,
    isForbiddenWithoutReason: forbidden !== undefined,
    lacksRole: forbidden?.lacksRole ?? false,
    isBodyEmpty: response.text.trim() === '',
  });
}

function hintFor(
  { status, text }: ResponseBody,
  account: string,
  url: URL,
  codes: ApiErrorDetail[],
  { claims }: Access,
): string | undefined {
  if (status === 403) {
    return accountHint(account, claims?.accounts);
  }
  if (
    status === 404 &&
    codes.length === 0 &&
    documentOf({ status, text, headers: {} }) === undefined &&
    text.trim() !== ''
  ) {
    return notTheApi;
  }
  if (status === 404 && url.pathname.endsWith(`/accounts/${encodeURIComponent(account)}`)) {
    return `There is no account ${account} at ${url.origin}. Check BANDWIDTH_ACCOUNT_ID and BANDWIDTH_API_URL.`;
  }
  if (status === 404) {
    return `Check that account ${account} exists at ${url.origin}: BANDWIDTH_ACCOUNT_ID and BANDWIDTH_API_URL.`;
  }
  return undefined;
}
