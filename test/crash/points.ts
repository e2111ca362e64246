import { randomFrom } from '../sync/support/kills.js';

/** What is broken at a point. */
export const kinds = [
  'the program is killed',
  'the database crashes',
  'both crash',
  'the database restarts',
  'the API goes away',
] as const;

export type Kind = (typeof kinds)[number];

/** How many requests an undisturbed run makes, and how many transactions it commits. */
export interface Events {
  requests: number;
  commits: number;
}

/** Where a run is disturbed. */
export type Moment =
  /** At its n-th request: before the API gets it, or when the API has it. */
  | { request: number; when: 'before' | 'after' }
  /** At its n-th COMMIT: before the server gets it, at the same time, or when the server has committed and the program doesn't know. */
  | { commit: number; when: 'before' | 'during' | 'after' };

export interface Point {
  /** From 1. */
  number: number;
  kind: Kind;
  /** Of the two nightly runs, the first or the second. */
  run: 1 | 2;
  /** Requests that fail while the API is away; infinite: until the run ends. */
  failures: number;
  moment(events: Events): Moment;
}

const moments = [
  ['request', 'before'],
  ['commit', 'after'],
  ['request', 'after'],
  ['commit', 'before'],
  ['commit', 'during'],
] as const;

/** Steps of this fraction spread any number of points evenly: the golden ratio. */
const step = (Math.sqrt(5) - 1) / 2;

/**
 * The points of a seed: each depends on the seed and its number only. Odd ones disturb the first run, even ones the second; the
 * points of a kind in a run are spread evenly over it.
 */
export function pointOf(seed: number, number: number): Point {
  const pair = Math.floor((number - 1) / 2);
  const kind = kinds[pair % kinds.length] as Kind;
  const nth = Math.floor(pair / kinds.length);
  const run = number % 2 === 1 ? 1 : 2;
  const start = randomFrom(seed + kinds.indexOf(kind) * 2 + run)(1_000_000) / 1_000_000;
  const place = (start + nth * step) % 1;
  const [what, when] = moments[(nth + run) % moments.length] as (typeof moments)[number];
  return {
    number,
    kind,
    run,
    failures: [1, 3, Number.POSITIVE_INFINITY, 2][nth % 4] as number,
    moment({ requests, commits }) {
      if (what === 'commit' && kind !== 'the API goes away') return { commit: 1 + Math.floor(place * commits), when };
      return { request: 1 + Math.floor(place * requests), when: when === 'before' ? 'before' : 'after' };
    },
  };
}
