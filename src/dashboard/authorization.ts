import type { Credentials } from '../config.js';
import { BrokenBodyError, CredentialsError, RequestError } from './errors.js';
import type { ResponseBody } from './exchange.js';
import { readTokenClaims, type TokenClaims } from './token-claims.js';

/** The `Authorization` header, and how to respond when the API rejects it. */
export interface Authorization {
  /** The header's value; undefined if there is no valid one: await `ready` then. */
  header(): string | undefined;
  /** Settles when there is a valid header, or when none can be obtained. Concurrent waiters share one request. */
  ready(): Promise<void>;
  /**
   * Reports that the API returned 401 for a header.
   * @returns false if there is nothing else to try
   */
  refused(header: string): boolean;
  /** Claims of the latest token; undefined before the first token, for an opaque token, and with Basic credentials. */
  claims(): TokenClaims | undefined;
}

export interface AuthorizationOptions {
  credentials: Credentials;
  /** Sends a request to the token URL, with retries. */
  requestToken: (request: TokenRequest) => Promise<Token>;
  onToken: (reason: string, expiresInMs: number) => void;
  /** Called when the credentials are rejected, which ends every request of the client. */
  onRefused: (error: CredentialsError) => void;
}

export interface TokenRequest {
  url: URL;
  headers: Record<string, string>;
  body: string;
  parse: (response: ResponseBody) => Token;
}

export interface Token {
  header: string;
  /** Undefined for an opaque token. */
  claims: TokenClaims | undefined;
  lifetimeMs: number;
}

interface HeldToken extends Token {
  /** When to start renewing while this token is still in use; milliseconds of the monotonic clock. */
  renewAt: number;
  expiresAt: number;
}

// RFC 6749 makes expires_in optional; Bandwidth's tokens last an hour.
const assumedLifetimeMs = 300_000;
// If a server issued tokens that expire at once, each would be requested again before it could be used.
const shortestLifetimeMs = 1000;

export function createAuthorization(options: AuthorizationOptions): Authorization {
  const { credentials } = options;
  if (credentials.kind === 'oauth') {
    return createTokenStore({ ...options, credentials });
  }
  const header = basicHeader(credentials.username, credentials.password);
  return { header: () => header, ready: async () => undefined, refused: () => false, claims: () => undefined };
}

/** Tokens of the client credentials grant: fetched on first use, renewed before they expire, one request at a time. */
function createTokenStore(
  options: AuthorizationOptions & { credentials: Extract<Credentials, { kind: 'oauth' }> },
): Authorization {
  const { credentials, requestToken, onToken, onRefused } = options;
  let current: HeldToken | undefined;
  let pending: Promise<void> | undefined;
  let missingReason = 'there is no token';
  let claims: TokenClaims | undefined;

  const fetchToken = async (reason: string) => {
    try {
      const token = await requestToken(tokenRequest(credentials));
      const now = performance.now();
      claims = token.claims;
      current = { ...token, renewAt: now + token.lifetimeMs * 0.9, expiresAt: now + token.lifetimeMs };
      onToken(reason, token.lifetimeMs);
    } catch (error) {
      if (error instanceof CredentialsError) {
        onRefused(error);
      }
      throw error;
    } finally {
      pending = undefined;
    }
  };
  const renew = (reason: string): Promise<void> => {
    if (pending === undefined) {
      pending = fetchToken(reason);
      // Callers that await it see the failure. Nothing awaits an early renewal.
      pending.catch(() => undefined);
    }
    return pending;
  };

  return {
    header() {
      const now = performance.now();
      if (current === undefined || now >= current.expiresAt) {
        return undefined;
      }
      if (now >= current.renewAt) {
        renew('the token is about to expire');
      }
      return current.header;
    },
    async ready() {
      if (current === undefined || performance.now() >= current.expiresAt) {
        await renew(current === undefined ? missingReason : 'the token expired');
      }
    },
    claims: () => claims,
    refused(header) {
      // Another request may have renewed it in the meantime.
      if (current?.header === header) {
        current = undefined;
        missingReason = 'the API rejected the token';
      }
      return true;
    },
  };
}

function tokenRequest(credentials: Extract<Credentials, { kind: 'oauth' }>): TokenRequest {
  return {
    url: new URL(credentials.tokenUrl),
    headers: {
      authorization: basicHeader(credentials.clientId, credentials.clientSecret),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    },
    body: 'grant_type=client_credentials',
    parse: (response) => parseToken(response, credentials),
  };
}

/** @throws {CredentialsError} for 400, 401, and 403; {BrokenBodyError} for a 200 without a token */
function parseToken({ status, text }: ResponseBody, credentials: Extract<Credentials, { kind: 'oauth' }>): Token {
  const where = `the token URL ${withoutQuery(credentials.tokenUrl)}`;
  const answer = jsonObject(text);
  if (status === 400 || status === 401 || status === 403) {
    const parts = ['error', 'error_description']
      .map((name) => answer?.[name])
      .filter((part) => typeof part === 'string');
    const quoted = parts.join(': ').replaceAll(credentials.clientSecret, '***').slice(0, 200);
    const reason = quoted === '' ? '' : ` (${quoted})`;
    throw new CredentialsError(`${where} rejected the client credentials with status ${status}${reason}`, {
      hint: credentialsHint(credentials),
    });
  }
  if (status !== 200) {
    throw new RequestError(`${where} returned status ${status}`, {
      hint: 'Check BANDWIDTH_TOKEN_URL: it may not be a token URL.',
    });
  }
  const token = answer?.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new BrokenBodyError(`${where} returned no access_token`, {
      hint: 'Check BANDWIDTH_TOKEN_URL: it may not be a token URL.',
    });
  }
  const seconds = Number(answer?.expires_in);
  const lifetimeMs = Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : assumedLifetimeMs;
  return {
    header: `Bearer ${token}`,
    claims: readTokenClaims(token),
    lifetimeMs: Math.max(lifetimeMs, shortestLifetimeMs),
  };
}

function jsonObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function withoutQuery(url: string): string {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** RFC 7617, in UTF-8. */
function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** How to fix rejected credentials, by kind. */
export function credentialsHint({ kind, name }: Credentials): string {
  const isOauth = kind === 'oauth';
  const where = name === undefined ? '' : ` of ${name} in TN_LEDGER_ACCOUNTS_FILE`;
  const names =
    name === undefined ? ['BANDWIDTH_CLIENT_ID', 'BANDWIDTH_CLIENT_SECRET'] : ['client_id', 'client_secret'];
  const basicNames = name === undefined ? ['BANDWIDTH_USERNAME', 'BANDWIDTH_PASSWORD'] : ['username', 'password'];
  return isOauth
    ? `Check ${names.join(' and ')}${where}, and that the client credentials are still valid.`
    : `Check ${basicNames.join(' and ')}${where}; Bandwidth is ending API users, so client credentials may be needed.`;
}
