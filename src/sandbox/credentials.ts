import { randomBytes, randomUUID } from 'node:crypto';
import { preciseNow } from './clock.js';

/** The sandbox's well-known credentials; they open nothing else. */
export const sandboxCredentials = {
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-client-secret',
  username: 'sandbox-user',
  password: 'sandbox-password',
} as const;

export interface Credentials {
  /** Whether an Authorization header is the API user's or a token that is still good. */
  accepts(authorization: string | undefined): boolean;
  /** Whether an Authorization header is the client's that may ask for tokens. */
  isClient(authorization: string | undefined): boolean;
  /** A new token: a JWT with these claims, or an opaque one without. */
  issueToken(claims?: Record<string, unknown>): string;
  revokeTokens(): void;
}

function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

/** Shaped as Bandwidth's tokens are; nobody verifies its signature. */
function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { iss: 'sandbox', sub: sandboxCredentials.clientId, jti: randomUUID(), ...claims };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(payload)}.${randomBytes(32).toString('base64url')}`;
}

/** @param tokenLifetime seconds for which a token is good. */
export function createCredentials(tokenLifetime: number): Credentials {
  const { clientId, clientSecret, username, password } = sandboxCredentials;
  const userHeader = basic(username, password);
  const clientHeader = basic(clientId, clientSecret);
  const goodUntil = new Map<string, number>();
  return {
    accepts(authorization) {
      if (authorization?.startsWith('Bearer ') === true) {
        return preciseNow() < (goodUntil.get(authorization.slice('Bearer '.length)) ?? 0);
      }
      return authorization === userHeader;
    },
    isClient: (authorization) => authorization === clientHeader,
    issueToken(claims) {
      const token = claims === undefined ? randomUUID() : jwt(claims);
      goodUntil.set(token, preciseNow() + tokenLifetime * 1000);
      return token;
    },
    revokeTokens: () => goodUntil.clear(),
  };
}
