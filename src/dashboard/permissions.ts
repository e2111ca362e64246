import type { Credentials } from '../config.js';
import { descriptions } from './registry.js';
import type { TokenClaims } from './token-claims.js';

/** What a resource contains, and the role that the credentials need for it. */
export interface Permission {
  what: string;
  /** The role's name in the Bandwidth App; undefined if Bandwidth's documentation names none. */
  role?: string;
}

/**
 * By the path segment that names the resource. Sources of the role names, here and in the descriptions: Bandwidth's
 * command-line client (Numbers), and its guide to API credentials and its page about users of the Bandwidth App (the
 * other roles).
 */
const permissions: Readonly<Record<string, Permission>> = {
  ...Object.fromEntries(
    descriptions.map(({ list, titles, permission }) => [list.name, { what: titles.many, ...permission }]),
  ),
  products: { what: 'products and features' },
  billingreports: { what: 'billing reports', role: 'Billing Reports' },
  reports: { what: 'assignment reports' },
  bdrs: { what: 'billing reports', role: 'Billing Reports' },
  // Resources of a single number, for which Bandwidth names no role.
  history: { what: 'histories of single numbers (/tns/{tn}/history)' },
  tnreservation: { what: 'reservations of single numbers (/tns/{tn}/tnreservation)' },
};

/** The resources whose path isn't below an account's. */
const notBelowAccounts = new RegExp(
  `/(${descriptions
    .filter(({ list }) => !list.path('').startsWith('/accounts/'))
    .map(({ list }) => list.name)
    .join('|')})(?:/|$)`,
);

/** The permission that a request needs, by URL path; undefined for the account itself. */
export function permissionFor(pathname: string): Permission | undefined {
  const resource =
    /\/accounts\/[^/]+\/([^/]+)/.exec(pathname)?.[1] ??
    /\/tns\/[^/]+\/(history|tnreservation)$/.exec(pathname)?.[1] ??
    notBelowAccounts.exec(pathname)?.[1];
  if (resource === undefined) return undefined;
  return Object.hasOwn(permissions, resource) ? permissions[resource] : { what: resource };
}

/** The credentials of a request. */
export interface Access {
  kind: Credentials['kind'];
  claims: TokenClaims | undefined;
}

/**
 * Explains a 403: what is missing, and who can add it. `lacksRole` is false if the account itself is not accessible.
 */
export function describeForbidden(
  account: string,
  pathname: string,
  { kind, claims }: Access,
): { reason: string; hint: string; lacksRole: boolean } {
  const permission = permissionFor(pathname);
  const others = claims?.accounts ?? [];
  if (permission === undefined || (others.length > 0 && !others.includes(account))) {
    const reason = `the credentials have no access to account ${account}`;
    return { reason, hint: accountHint(account, others), lacksRole: false };
  }
  const { what, role } = permission;
  const missing = role === undefined ? 'a role is missing' : `the role ${role} is missing`;
  const reason = `the credentials have no access to ${what} of account ${account}: ${missing}`;
  return { reason, hint: `${roleHint(role, kind)}${rolesOf(claims)}`, lacksRole: true };
}

/** Hint for a 403 that states its reason, such as 1001 Access Denied. */
export function accountHint(account: string, accounts: readonly string[] = []): string {
  const named = accounts.length === 0 ? '' : ` Accounts in the token: ${accounts.join(', ')}.`;
  return `The credentials have no access to account ${account}. Check BANDWIDTH_ACCOUNT_ID and the accounts of the credentials.${named}`;
}

/** Bandwidth froze the roles of API users on 1 July 2026. */
function roleHint(role: string | undefined, kind: Credentials['kind']): string {
  if (role === undefined)
    return "Bandwidth's documentation doesn't name the role. Ask your Bandwidth account manager for it.";
  return kind === 'basic'
    ? 'Roles of API users can no longer be changed. Have an account admin create OAuth client credentials with that role in the Bandwidth App (Account > API Credentials).'
    : 'Have an account admin add it in the Bandwidth App (Account > API Credentials). If the role is not offered there, ask your Bandwidth account manager.';
}

function rolesOf(claims: TokenClaims | undefined): string {
  if (claims?.roles === undefined) return '';
  return ` Roles in the token: ${claims.roles.length === 0 ? 'none' : claims.roles.join(', ')}.`;
}
