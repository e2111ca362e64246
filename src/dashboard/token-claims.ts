/** Claims of an access token. */
export interface TokenClaims {
  /** The accounts that the credentials can access; empty: system-wide credentials; undefined: the token doesn't say. */
  accounts: readonly string[] | undefined;
  /** Role names as in the token; undefined: the token doesn't say. */
  roles: readonly string[] | undefined;
}

/**
 * Reads the payload of a JWT (RFC 7519), the format of Bandwidth's access tokens. Doesn't verify the signature: the
 * token comes over TLS from the configured token URL, and its claims only improve messages. The API decides what the
 * credentials may do.
 *
 * @returns undefined for a token that isn't a JWT: OAuth 2.0 allows opaque tokens
 */
export function readTokenClaims(token: string): TokenClaims | undefined {
  const [, payload, , ...rest] = token.split('.');
  if (payload === undefined || rest.length > 0) return undefined;
  let claims: unknown;
  try {
    claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof claims !== 'object' || claims === null || Array.isArray(claims)) return undefined;
  const { accounts, roles } = claims as Record<string, unknown>;
  return { accounts: textsOf(accounts), roles: textsOf(roles) };
}

/** Ids may come as JSON numbers. */
function textsOf(claim: unknown): string[] | undefined {
  if (!Array.isArray(claim)) return undefined;
  return claim.every((entry) => typeof entry === 'string' || Number.isSafeInteger(entry))
    ? claim.map(String)
    : undefined;
}
