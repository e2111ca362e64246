/** What an access token says of its credentials. */
export interface TokenClaims {
  /** The accounts that the credentials reach; empty: system-wide credentials; undefined: the token does not say. */
  accounts: readonly string[] | undefined;
  /** Names of roles, as the token spells them; undefined: the token does not say. */
  roles: readonly string[] | undefined;
}

/**
 * Reads the payload of a JWT (RFC 7519), as Bandwidth's access tokens are. The signature is not verified: the token comes over TLS
 * from the token address that is configured, and its claims are a hint only. What the credentials may do, the API decides.
 *
 * @returns undefined for a token that is not a JWT: OAuth 2.0 lets a server issue opaque ones
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
