import { UsageError } from '../errors.js';

/**
 * Answers that Bandwidth's documents allow and a client may not expect, by name. Unlike faults they are not passing: as long as
 * one is on, every request gets the same answer. What its value means is said by `takes`: so many numbers or orders (`count`), a
 * share from 0 to 1 (`share`), or nothing (`none`, on or off).
 */
export const oddityKinds = {
  e164: { takes: 'share', summary: 'so many of the ten-digit numbers of each answer come as +1 and ten digits' },
  'e164-twice': {
    takes: 'count',
    summary: 'so many numbers of each page of inserviceNumbers come once in each spelling',
  },
  'repeated-elements': { takes: 'none', summary: 'elements of orders come twice, spelled siteId and SiteId' },
  'page-size': {
    takes: 'count',
    summary: 'inserviceNumbers, /tns and the lists of orders refuse larger pages (400, error 1006)',
  },
  'page-size-unnamed': { takes: 'none', summary: 'a page size is refused without naming the largest' },
  'page-numbers': { takes: 'none', summary: 'lists page by plain page number: 1, 2, 3' },
  'empty-details': { takes: 'none', summary: '/tns names no number, neither in its list nor when it is asked' },
  'opaque-token': { takes: 'none', summary: 'tokens are no JWTs and name neither accounts nor roles' },
  'no-token-accounts': {
    takes: 'none',
    summary: "the tokens' accounts claim is empty, as for system-wide credentials",
  },
  'forbid-tns': { takes: 'none', summary: '403 with an empty body for /tns' },
  'forbid-inservice-numbers': { takes: 'none', summary: '403 with an empty body for inserviceNumbers' },
  'forbid-orders': { takes: 'none', summary: '403 with an empty body for orders and disconnects' },
  'forbid-portins': { takes: 'none', summary: '403 with an empty body for portins and portouts' },
  'forbid-imports': { takes: 'none', summary: '403 with an empty body for importTnOrders and removeImportedTnOrders' },
  'forbid-assignment': { takes: 'none', summary: '403 with an empty body for numbersAssignment' },
  'forbid-billing': { takes: 'none', summary: '403 with an empty body for billingreports and bdrs' },
  'partial-without-failures': {
    takes: 'count',
    summary:
      'so many PARTIAL assignment orders count their failed numbers and list none; each tells them a day after it was first asked for',
  },
  'lost-failed-quantity': { takes: 'none', summary: 'assignment orders leave FailedQuantity out' },
  'in-account': { takes: 'count', summary: 'numbers that /tns calls InAccount, and that are not in service' },
  'foreign-details': {
    takes: 'count',
    summary: 'numbers in service that /tns lists under another account, and leaves out of the list of their own',
  },
  'foreign-rows': {
    takes: 'count',
    summary: 'numbers in service that /tns lists under another account, in the list of their own, too',
  },
  'refused-details': {
    takes: 'count',
    summary: 'numbers in service that /tns does not list, and refuses with 15610 when it is asked',
  },
  'silent-details': {
    takes: 'count',
    summary: 'numbers in service that /tns does not list, and passes over when it is asked',
  },
  'unlisted-others': {
    takes: 'count',
    summary: 'numbers of another status than Inservice that /tns does not list, and names when it is asked',
  },
  'aging-details': { takes: 'count', summary: 'numbers in service that /tns calls Aging' },
  'nested-summaries': { takes: 'none', summary: 'lists of imports and removals wrap each summary in another one' },
  'internal-ports': { takes: 'count', summary: 'the newest completed port-ins are moves within Bandwidth' },
  'portouts-in-portins': {
    takes: 'count',
    summary: 'the newest port-outs stand in the list of port-ins instead of their own',
  },
  'date-form-swapped': {
    takes: 'none',
    summary:
      'date filters understand the other form of the two (yy-MM-dd, yyyy-MM-dd); in the documented one they match nothing',
  },
  'date-form-refused': {
    takes: 'none',
    summary: 'date filters understand the other form; the documented one is a 400',
  },
  'date-form-ignored': {
    takes: 'none',
    summary: 'date filters understand the other form; the documented one is ignored, as unknown parameters are',
  },
  'dates-ignored': {
    takes: 'none',
    summary: 'date filters are ignored: lists show the last two years, whatever is asked',
  },
  'dates-dead': { takes: 'none', summary: 'date filters match nothing, in either form' },
  'one-day-range-refused': {
    takes: 'none',
    summary: 'a billing report whose range ends on its first day is refused (15501)',
  },
} as const satisfies Record<string, { takes: 'count' | 'share' | 'none'; summary: string }>;

export type OddityKind = keyof typeof oddityKinds;

/** The oddities that are on, each with its value; 1 for those that take none. */
export type Oddities = Partial<Record<OddityKind, number>>;

const hint = `Oddities are written kind=value, separated by commas. Kinds: ${Object.entries(oddityKinds)
  .map(([kind, { takes, summary }]) => `${takes === 'none' ? kind : `${kind}=<${takes}>`} (${summary})`)
  .join('; ')}.`;

/**
 * Reads `empty-details,kind=3`. Of what is given twice, the later counts.
 *
 * @throws {UsageError} names the kind that does not exist, or the value that does not fit it
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
 * @throws {UsageError} names the kind that does not exist, or the value that does not fit it
 */
export function checkOddities(value: unknown): Oddities {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError('Oddities must be an object of kinds and values.', { hint });
  }
  const oddities: Oddities = {};
  for (const [kind, amount] of Object.entries(value)) {
    if (!isKind(kind)) throw new UsageError(`There is no oddity '${kind}'.`, { hint });
    const { takes } = oddityKinds[kind] as { takes: 'count' | 'share' | 'none' };
    const most = takes === 'count' ? 20_000_000 : 1;
    const fits = typeof amount === 'number' && amount >= 0 && amount <= most && (takes === 'share' || amount % 1 === 0);
    if (!fits) {
      const wanted = { count: 'a whole number', share: 'a number from 0 to 1', none: 'left out, 0 or 1' }[takes];
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
