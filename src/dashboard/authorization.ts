import { basicHeader, type Credentials } from './credentials.js';
import type { CredentialsError } from './errors.js';
import { createTokenStore, type Token, type TokenRequest } from './token.js';
import type { TokenClaims } from './token-claims.js';

/** What goes into the `Authorization` header, and what is to be done when it is refused. */
export interface Authorization {
  /** The header's value; undefined while there is no valid one: then wait for `ready`. */
  header(): string | undefined;
  /** Settles when there is a valid header, or none can be had. Waiting together costs one request. */
  ready(): Promise<void>;
  /**
   * Tells that the API answered 401 to a header.
   * @returns false when there is nothing else to try
   */
  refused(header: string): boolean;
  /** What the newest token says; undefined before the first one, for an opaque one, and with Basic credentials. */
  claims(): TokenClaims | undefined;
}

export interface AuthorizationOptions {
  credentials: Credentials;
  /** Sends a request to the token address, trying again as long as that makes sense. */
  requestToken: (request: TokenRequest) => Promise<Token>;
  onToken: (reason: string, expiresInMs: number) => void;
  /** Credentials that are refused end everything. */
  onRefused: (error: CredentialsError) => void;
}

export function createAuthorization(options: AuthorizationOptions): Authorization {
  const { credentials } = options;
  if (credentials.kind === 'oauth') {
    return createTokenStore({ ...options, credentials });
  }
  const header = basicHeader(credentials.username, credentials.password);
  return { header: () => header, ready: async () => undefined, refused: () => false, claims: () => undefined };
}
