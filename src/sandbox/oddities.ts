import { UsageError } from '../errors.js';

/**
 * Responses that the Bandwidth documentation allows but a client may not expect, by name. Unlike faults, oddities are
 * permanent: while one is on, every request gets the same response. `takes` defines its value: a number of TNs or
 * orders (`count`), a share from 0 to 1 (`share`), or nothing (`none`, on or off).
 */
export const oddityKinds = {
  e164: { takes: 'share', summary: 'this share of ten-digit numbers in each response is written as +1 and ten digits' },
  'e164-twice': {
    takes: 'count',
    summary: 'this many numbers on each inserviceNumbers page are listed twice, once in each spelling',
  },
  'repeated-elements': { takes: 'none', summary: 'order elements are repeated, spelled siteId and SiteId' },
  'page-size': {
    takes: 'count',
    summary: 'inserviceNumbers, /tns and the lists of orders reject larger page sizes (400, error 1006)',
  },
  'page-size-unnamed': { takes: 'none', summary: "the error for an invalid page size doesn't name the maximum" },
  'page-numbers': { takes: 'none', summary: 'lists use page numbers (1, 2, 3) as cursors' },
  'empty-details': { takes: 'none', summary: '/tns returns no numbers, neither in its list nor in lookups' },
  'opaque-token': { takes: 'none', summary: "tokens aren't JWTs and have no accounts or roles" },
  'no-token-accounts': {
    takes: 'none',
    summary: 'the accounts claim of tokens is empty, as for system-wide credentials',
  },
  'forbid-tns': { takes: 'none', summary: '403 with an empty body for /tns' },
  'forbid-histories': { takes: 'none', summary: '403 with an empty body for /tns/{tn}/history' },
  'forbid-reservations': { takes: 'none', summary: '403 with an empty body for /tns/{tn}/tnreservation' },
  'forbid-inservice-numbers': { takes: 'none', summary: '403 with an empty body for inserviceNumbers' },
  'forbid-orders': { takes: 'none', summary: '403 with an empty body for orders and disconnects' },
  'forbid-portins': { takes: 'none', summary: '403 with an empty body for portins and portouts' },
  'forbid-imports': { takes: 'none', summary: '403 with an empty body for importTnOrders and removeImportedTnOrders' },
  'forbid-features': {
    takes: 'none',
    summary: '403 with an empty body for tnoptions, lidbs, dldas, e911s, lsrorders, bulkPortins and externalTns',
  },
  'forbid-order-history': { takes: 'none', summary: '403 with an empty body for histories and notes of orders' },
  'forbid-rate-centers': { takes: 'none', summary: '403 with an empty body for coveredRateCenters' },
  'forbid-sites': { takes: 'none', summary: '403 with an empty body for sites and everything below it' },
  'empty-sites': { takes: 'none', summary: '204 for the list of sites' },
  'forbid-assignment': { takes: 'none', summary: '403 with an empty body for numbersAssignment' },
  'forbid-billing': { takes: 'none', summary: '403 with an empty body for billingreports and bdrs' },
  'forbid-reports': { takes: 'none', summary: '403 with an empty body for reports' },
  'no-assignment-report': { takes: 'none', summary: 'the list of reports lacks End-User Phone Number Assignment' },
  'report-differs': {
    takes: 'count',
    summary: 'this many numbers in the assignment report have the opposite of their status',
  },
  'report-unknown-status': {
    takes: 'count',
    summary: 'this many numbers in the assignment report have the status Pending review',
  },
  'invoice-differs': {
    takes: 'none',
    summary: 'invoices have a tenth more for outbound calls than the BDR reports of their days',
  },
  'partial-without-failures': {
    takes: 'count',
    summary:
      'this many PARTIAL assignment orders count their failed numbers but list them only a day after the first read',
  },
  'lost-failed-quantity': { takes: 'none', summary: 'assignment orders omit FailedQuantity' },
  'in-account': { takes: 'count', summary: "numbers with status InAccount in /tns that aren't in service" },
  'foreign-details': {
    takes: 'count',
    summary: 'numbers in service that /tns lists under another account only',
  },
  'foreign-rows': {
    takes: 'count',
    summary: 'numbers in service that /tns shows with another account ID, even in the list of their own account',
  },
  'refused-details': {
    takes: 'count',
    summary: "numbers in service that /tns doesn't list and whose lookup fails with 15610",
  },
  'silent-details': {
    takes: 'count',
    summary: "numbers in service that /tns doesn't list and omits from lookups",
  },
  'unlisted-others': {
    takes: 'count',
    summary: "numbers not in Inservice status that /tns doesn't list but returns in lookups",
  },
  'aging-details': { takes: 'count', summary: 'numbers in service with status Aging in /tns' },
  'nested-summaries': {
    takes: 'none',
    summary: 'lists of imports and removals wrap each summary in another summary element',
  },
  'empty-features-404': {
    takes: 'none',
    summary:
      '404 with an empty body for lists of tnoptions, lidbs, dldas, e911s, lsrorders, bulkPortins and externalTns without orders',
  },
  'order-details-ignored': {
    takes: 'none',
    summary: 'lists ignore orderDetails=true, like unknown parameters, and return summaries',
  },
  'internal-ports': {
    takes: 'count',
    summary: 'the newest completed port-ins are internal ports (moves within Bandwidth)',
  },
  'portouts-in-portins': {
    takes: 'count',
    summary: 'the newest port-outs are in the list of port-ins instead of their own list',
  },
  'date-form-swapped': {
    takes: 'none',
    summary:
      'date filters accept the undocumented format (of yy-MM-dd and yyyy-MM-dd); the documented one matches nothing',
  },
  'date-form-refused': {
    takes: 'none',
    summary: 'date filters accept the undocumented format; the documented one gets 400',
  },
  'date-form-ignored': {
    takes: 'none',
    summary: 'date filters accept the undocumented format; the documented one is ignored, like unknown parameters',
  },
  'dates-ignored': {
    takes: 'none',
    summary: 'date filters are ignored: lists always return the last two years',
  },
  'dates-dead': { takes: 'none', summary: 'date filters match nothing, in either format' },
  'one-day-range-refused': {
    takes: 'none',
    summary: 'a billing report with a one-day range is rejected (15501)',
  },
} as const satisfies Record<string, { takes: 'count' | 'share' | 'none'; summary: string }>;

export type OddityKind = keyof typeof oddityKinds;

/** The oddities that are on, each with its value; 1 for oddities without one. */
export type Oddities = Partial<Record<OddityKind, number>>;

const hint = `Write oddities as kind=value, separated by commas. Kinds: ${Object.entries(oddityKinds)
  .map(([kind, { takes, summary }]) => `${takes === 'none' ? kind : `${kind}=<${takes}>`} (${summary})`)
  .join('; ')}.`;

/**
 * Parses `empty-details,kind=3`. If a kind is given twice, the last one counts.
 *
 * @throws {UsageError} names the unknown kind or the invalid value
 */
export function parseOddities(text: string): Oddities {
  const entries = text.split(',').flatMap((part): [string, unknown][] => {
    const [kind = '', value, ...rest] = part.split('=').map((side) => side.trim());
    if (kind === '' && value === undefined) return [];
    const isNumber = value !== undefined && rest.length === 0 && /^(\d+\.?\d*|\.\d+)$/.test(value);
    return [[kind, value === undefined ? 1 : isNumber ? Number(value) : part.trim()]];
  });
  return checkOddities(Object.fromEntries(entries));
}

/**
 * Checks oddities that come from outside as an object.
 *
 * @throws {UsageError} names the unknown kind or the invalid value
 */
export function checkOddities(value: unknown): Oddities {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError('Oddities must be an object that maps kinds to values.', { hint });
  }
  const oddities: Oddities = {};
  for (const [kind, amount] of Object.entries(value)) {
    if (!isKind(kind)) throw new UsageError(`Unknown oddity '${kind}'.`, { hint });
    const { takes } = oddityKinds[kind] as { takes: 'count' | 'share' | 'none' };
    const max = takes === 'count' ? 20_000_000 : 1;
    const fits = typeof amount === 'number' && amount >= 0 && amount <= max && (takes === 'share' || amount % 1 === 0);
    if (!fits) {
      const wanted = { count: 'a whole number', share: 'a number from 0 to 1', none: 'omitted, 0 or 1' }[takes];
      throw new UsageError(`The value of the oddity '${kind}' must be ${wanted}, not ${JSON.stringify(amount)}.`, {
        hint,
      });
    }
    oddities[kind] = amount as number;
  }
  return oddities;
}

function isKind(text: string): text is OddityKind {
  return Object.hasOwn(oddityKinds, text);
}
