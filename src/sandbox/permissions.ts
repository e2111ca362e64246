import type { Oddities, OddityKind } from './oddities.js';
import type { SandboxState } from './state.js';

/** What each oddity forbids: resources by their path segment, parts of orders by theirs, and the roles missing from tokens. */
const forbidden: Partial<
  Record<OddityKind, { resources: readonly string[]; parts?: readonly string[]; roles: readonly string[] }>
> = {
  'forbid-tns': { resources: ['tns'], roles: [] },
  'forbid-histories': { resources: ['tns/:tn/history'], roles: [] },
  'forbid-reservations': { resources: ['tns/:tn/tnreservation'], roles: [] },
  'forbid-inservice-numbers': { resources: ['inserviceNumbers'], roles: ['Numbers'] },
  'forbid-orders': { resources: ['orders', 'disconnects'], roles: ['Ordering', 'Disconnect'] },
  'forbid-portins': { resources: ['portins', 'portouts'], roles: ['Porting'] },
  'forbid-imports': { resources: ['importTnOrders', 'removeImportedTnOrders'], roles: ['External TNs'] },
  'forbid-features': {
    resources: ['tnoptions', 'lidbs', 'dldas', 'e911s', 'lsrorders', 'bulkPortins', 'externalTns'],
    roles: [],
  },
  'forbid-order-history': { resources: [], parts: ['history', 'notes'], roles: [] },
  'forbid-rate-centers': { resources: ['coveredRateCenters'], roles: [] },
  'forbid-sites': { resources: ['sites'], roles: [] },
  'forbid-assignment': { resources: ['numbersAssignment'], roles: [] },
  'forbid-reports': { resources: ['reports'], roles: [] },
  'forbid-billing': { resources: ['billingreports', 'bdrs'], roles: ['Billing Reports'] },
};

const allRoles = ['Numbers', 'Ordering', 'Disconnect', 'Porting', 'External TNs', 'Billing Reports'];

function activeRules(oddities: Oddities) {
  return Object.entries(forbidden).flatMap(([kind, what]) => (oddities[kind as OddityKind] ? [what] : []));
}

/** Whether the credentials lack the role for a route. */
export function isForbidden(routePath: string, oddities: Oddities): boolean {
  const path = routePath.replace(/^\/accounts\/:accountId/, '').slice(1);
  const segments = path.split('/');
  const part = path === routePath.slice(1) ? '' : (segments.at(-1) ?? '');
  return activeRules(oddities).some(
    ({ resources, parts = [] }) =>
      resources.includes(segments[0] ?? '') || resources.includes(path) || parts.includes(part),
  );
}

/** The claims of a new token; undefined for an opaque token. */
export function tokenClaims({ oddities, accounts }: SandboxState): Record<string, unknown> | undefined {
  if (oddities['opaque-token']) return undefined;
  const lacking = new Set(activeRules(oddities).flatMap(({ roles }) => roles));
  return {
    accounts: oddities['no-token-accounts'] ? [] : [...accounts.keys()],
    roles: allRoles.filter((role) => !lacking.has(role)),
  };
}
