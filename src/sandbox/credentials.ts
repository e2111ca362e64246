import { randomBytes, randomUUID } from 'node:crypto';
import { preciseNow } from './clock.js';

/** The sandbox's fixed credentials. They work nowhere else. */
export const sandboxCredentials = {
  clientId: 'sandbox-client',
  clientSecret: 'sandbox-client-secret',
  username: 'sandbox-user',
  password: 'sandbox-password',
} as const;

export interface Credentials {
  /** Whether an Authorization header holds the API user's credentials or a valid token. */
  accepts(authorization: string | undefined): boolean;
  /** Whether an Authorization header holds the credentials of the client that can request tokens. */
  isClient(authorization: string | undefined): boolean;
  /** A new token: a JWT if there are claims, otherwise an opaque token. */
  issueToken(claims?: Record<string, unknown>): string;
  revokeTokens(): void;
}

function basic(user: string, secret: string): string {
  return `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
}

/** Has the structure of a Bandwidth token. Nobody verifies the signature. */
function jwt(claims: Record<string, unknown>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const payload = { iss: 'sandbox', sub: sandboxCredentials.clientId, jti: randomUUID(), ...claims };
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(payload)}.${randomBytes(32).toString('base64url')}`;
}

/** @param tokenLifetime how long a token is valid, in seconds */
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
