import type { Credentials } from './credentials.js';
import type { TokenClaims } from './token-claims.js';

/** What a resource holds, and the role that the credentials need for it. */
export interface Permission {
  what: string;
  /** As the Bandwidth App calls it; undefined where Bandwidth's documents name none. */
  role?: string;
}

/**
 * By the segment of the path that names the resource. Sources: Bandwidth's command-line client (Numbers), its guide to API
 * credentials and its page about users of the Bandwidth App (the other roles).
 */
const permissions: Readonly<Record<string, Permission>> = {
  tns: { what: 'number details (/tns)', role: 'Numbers' },
  inserviceNumbers: { what: 'in-service numbers', role: 'Numbers' },
  discnumbers: { what: 'disconnected numbers', role: 'Numbers' },
  orders: { what: 'number orders', role: 'Ordering' },
  disconnects: { what: 'disconnect orders', role: 'Disconnect' },
  portins: { what: 'port-ins', role: 'Porting' },
  portouts: { what: 'port-outs', role: 'Porting' },
  importTnOrders: { what: 'import orders', role: 'External TNs' },
  removeImportedTnOrders: { what: 'orders that remove imported numbers', role: 'External TNs' },
  numbersAssignment: { what: 'number assignment' },
  products: { what: 'products and features' },
  billingreports: { what: 'billing reports', role: 'Billing Reports' },
  bdrs: { what: 'billing reports', role: 'Billing Reports' },
};

/** The permission that a request needs, by the path of its URL; undefined for the account itself. */
export function permissionFor(pathname: string): Permission | undefined {
  const resource = /\/accounts\/[^/]+\/([^/]+)/.exec(pathname)?.[1] ?? /\/(tns)(?:\/|$)/.exec(pathname)?.[1];
  if (resource === undefined) return undefined;
  return Object.hasOwn(permissions, resource) ? permissions[resource] : { what: resource };
}

/** What is known about the credentials of a request. */
export interface Access {
  kind: Credentials['kind'];
  claims: TokenClaims | undefined;
}

/** A 403 in words: what is missing, and who can add it. */
export function describeForbidden(
  account: string,
  pathname: string,
  { kind, claims }: Access,
): { reason: string; hint: string } {
  const permission = permissionFor(pathname);
  const others = claims?.accounts ?? [];
  if (permission === undefined || (others.length > 0 && !others.includes(account))) {
    return { reason: `the credentials do not reach account ${account}`, hint: accountHint(account, others) };
  }
  const { what, role } = permission;
  const missing = role === undefined ? 'a role is missing' : `the role ${role} is missing`;
  const reason = `the credentials may not use ${what} of account ${account}: ${missing}`;
  return { reason, hint: `${roleHint(role, kind)}${rolesOf(claims)}` };
}

/** For a 403 that gives a reason of its own, such as 1001 Access Denied. */
export function accountHint(account: string, accounts: readonly string[] = []): string {
  const named = accounts.length === 0 ? '' : ` Their token names ${accounts.join(', ')}.`;
  return `The credentials do not reach account ${account}: check BANDWIDTH_ACCOUNT_ID, and what the credentials were given access to.${named}`;
}

/** Bandwidth froze the roles of API users on 1 July 2026. */
function roleHint(role: string | undefined, kind: Credentials['kind']): string {
  if (role === undefined)
    return "Bandwidth's documents do not name that role: ask your Bandwidth account manager for it.";
  return kind === 'basic'
    ? 'Roles of API users can no longer be changed: an account admin creates OAuth client credentials with that role in the Bandwidth App (Account > API Credentials).'
    : 'An account admin adds it in the Bandwidth App (Account > API Credentials); a role that is not offered there comes from your Bandwidth account manager.';
}

function rolesOf(claims: TokenClaims | undefined): string {
  if (claims?.roles === undefined) return '';
  return ` Roles in the token: ${claims.roles.length === 0 ? 'none' : claims.roles.join(', ')}.`;
}
