import type { Authorization, AuthorizationOptions } from './authorization.js';
import { basicHeader, type Credentials, credentialsHint } from './credentials.js';
import { BrokenBodyError, CredentialsError, RequestError } from './errors.js';
import type { ResponseBody } from './exchange.js';
import { readTokenClaims, type TokenClaims } from './token-claims.js';

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
  /** When renewal begins, while this one is still used; milliseconds of the monotonic clock. */
  renewAt: number;
  expiresAt: number;
}

// RFC 6749 lets a server leave expires_in out; Bandwidth's tokens live for an hour.
const assumedLifetimeMs = 300_000;
// Against a server whose tokens are over as soon as they come: each would be asked for again before it is used.
const shortestLifetimeMs = 1000;

/** Tokens of the client credentials grant: fetched when first needed, renewed before they run out, one request at a time. */
export function createTokenStore(
  options: AuthorizationOptions & { credentials: Extract<Credentials, { kind: 'oauth' }> },
): Authorization {
  const { credentials, requestToken, onToken, onRefused } = options;
  let held: HeldToken | undefined;
  let flight: Promise<void> | undefined;
  let whyNone = 'there is no token';
  let claims: TokenClaims | undefined;

  const fetchToken = async (reason: string) => {
    try {
      const token = await requestToken(tokenRequest(credentials));
      const now = performance.now();
      claims = token.claims;
      held = { ...token, renewAt: now + token.lifetimeMs * 0.9, expiresAt: now + token.lifetimeMs };
      onToken(reason, token.lifetimeMs);
    } catch (error) {
      if (error instanceof CredentialsError) {
        onRefused(error);
      }
      throw error;
    } finally {
      flight = undefined;
    }
  };
  const renew = (reason: string): Promise<void> => {
    if (flight === undefined) {
      flight = fetchToken(reason);
      // Whoever waits for it learns of a failure; a renewal ahead of time has nobody who waits.
      flight.catch(() => undefined);
    }
    return flight;
  };

  return {
    header() {
      const now = performance.now();
      if (held === undefined || now >= held.expiresAt) {
        return undefined;
      }
      if (now >= held.renewAt) {
        renew('the token is about to run out');
      }
      return held.header;
    },
    async ready() {
      if (held === undefined || performance.now() >= held.expiresAt) {
        await renew(held === undefined ? whyNone : 'the token ran out');
      }
    },
    claims: () => claims,
    refused(header) {
      // Another request may have had it renewed in the meantime.
      if (held?.header === header) {
        held = undefined;
        whyNone = 'the API refused the token';
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

/** @throws {CredentialsError} for 400, 401 and 403; {BrokenBodyError} for what is no token though the status says so */
function parseToken({ status, text }: ResponseBody, credentials: Extract<Credentials, { kind: 'oauth' }>): Token {
  const where = `the token address ${withoutQuery(credentials.tokenUrl)}`;
  const answer = jsonObject(text);
  if (status === 400 || status === 401 || status === 403) {
    const told = ['error', 'error_description']
      .map((name) => answer?.[name])
      .filter((part) => typeof part === 'string');
    const quoted = told.join(': ').replaceAll(credentials.clientSecret, '***').slice(0, 200);
    const reason = quoted === '' ? '' : ` (${quoted})`;
    throw new CredentialsError(`${where} refused the client credentials with status ${status}${reason}`, {
      hint: credentialsHint(credentials),
    });
  }
  if (status !== 200) {
    throw new RequestError(`${where} answered with status ${status}`, {
      hint: 'BANDWIDTH_TOKEN_URL may point to something that gives no tokens.',
    });
  }
  const token = answer?.access_token;
  if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
    throw new BrokenBodyError(`${where} answered without an access_token`, {
      hint: 'BANDWIDTH_TOKEN_URL may point to something that gives no tokens.',
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
