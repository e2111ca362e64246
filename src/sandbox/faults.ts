import { UsageError } from '../errors.js';
import { fraction, hashText } from './hash.js';

/** Everything that can go wrong with a response, in the order in which the sandbox decides. */
export const faultKinds = [
  '429',
  '500',
  'reset',
  'stall',
  'truncate',
  'html',
  'duplicate-page',
  'short-list',
  'raw-links',
  'lost-answer',
] as const;

export type FaultKind = (typeof faultKinds)[number];

/** Rate per kind, 0 to 1: the share of requests with the fault. */
export type FaultRates = Partial<Record<FaultKind, number>>;

const ofListsOnly: readonly FaultKind[] = ['duplicate-page', 'short-list', 'raw-links'];

const hint = `Write faults as kind=rate, such as 429=0.05,500=0.05, with rates from 0 to 1. Kinds: ${faultKinds.join(', ')}; all (every kind except short-list).`;

function isKind(text: string): text is FaultKind {
  return (faultKinds as readonly string[]).includes(text);
}

/**
 * Parses `429=0.05,500=0.05`, or `all=0.05` for every kind except `short-list`, the only one that makes a list
 * permanently wrong. If a kind is given twice, the last one counts.
 * @throws {UsageError} names the unknown kind or the invalid rate
 */
export function parseFaults(text: string): FaultRates {
  const rates: FaultRates = {};
  for (const part of text.split(',').map((entry) => entry.trim())) {
    if (part === '') {
      continue;
    }
    const [kind = '', rate = ''] = part.split('=').map((side) => side.trim());
    if (!isKind(kind) && kind !== 'all') {
      throw new UsageError(`Unknown fault '${kind}' (in '${text}').`, { hint });
    }
    const value = /^(\d+\.?\d*|\.\d+)$/.test(rate) ? Number(rate) : Number.NaN;
    if (part.split('=').length !== 2 || !(value >= 0 && value <= 1)) {
      throw new UsageError(`The rate of the fault '${kind}' must be a number from 0 to 1, not '${rate}'.`, { hint });
    }
    for (const each of kind === 'all' ? faultKinds.filter((other) => other !== 'short-list') : [kind]) {
      rates[each] = value;
    }
  }
  return rates;
}

/**
 * Checks fault rates that come from outside as an object.
 * @throws {UsageError} names the unknown kind or the invalid rate
 */
export function checkFaults(value: unknown): FaultRates {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new UsageError('Faults must be an object that maps kinds to rates.', { hint });
  }
  const rates: FaultRates = {};
  for (const [kind, rate] of Object.entries(value)) {
    if (!isKind(kind)) {
      throw new UsageError(`Unknown fault '${kind}'.`, { hint });
    }
    if (rate === undefined) {
      continue;
    }
    if (typeof rate !== 'number' || !(rate >= 0 && rate <= 1)) {
      throw new UsageError(
        `The rate of the fault '${kind}' must be a number from 0 to 1, not ${JSON.stringify(rate)}.`,
        {
          hint,
        },
      );
    }
    rates[kind] = rate;
  }
  return rates;
}

export interface FaultDraw {
  rates: FaultRates;
  /** Method, path and query. */
  request: string;
  /** Whether the request reads a list, so that list faults apply. */
  list: boolean;
  /** Whether the request creates an order, so that lost-answer applies. */
  creates: boolean;
}

/**
 * Decides each request's fault from the seed, the request, and how often it came before. Requests that arrive in a
 * different order get the same faults, so a run with faults can be repeated.
 */
export function createFaultPlan(seed: number): (draw: FaultDraw) => FaultKind | undefined {
  const timesSeen = new Map<string, number>();
  return ({ rates, request, list, creates }) => {
    if (faultKinds.every((kind) => !rates[kind])) {
      return undefined;
    }
    const times = timesSeen.get(request) ?? 0;
    timesSeen.set(request, times + 1);
    return faultKinds.find(
      (kind) =>
        (list || !ofListsOnly.includes(kind)) &&
        (creates || kind !== 'lost-answer') &&
        fraction(hashText(seed, `${kind} ${times} ${request}`)) < (rates[kind] ?? 0),
    );
  };
}
