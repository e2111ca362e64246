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

/** What an undisturbed run does. */
export interface Events {
  requests: number;
  /** Requests that create something: orders and reports. */
  posts: number;
  commits: number;
}

/** Where a run is disturbed. */
export type Moment =
  /** At its n-th request or POST: before the API gets it, or when the API has answered and the program doesn't know. */
  | { event: 'requests' | 'posts'; nth: number; when: 'before' | 'after' }
  /** At its n-th COMMIT: before the server gets it, at the same time, or when the server has committed and the program doesn't know. */
  | { event: 'commits'; nth: number; when: 'before' | 'during' | 'after' };

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
  ['requests', 'before'],
  ['commits', 'after'],
  ['posts', 'after'],
  ['commits', 'before'],
  ['requests', 'after'],
  ['posts', 'before'],
  ['commits', 'during'],
] as const;

/** Those of an API that goes away. */
const requestMoments = moments.filter(([event]) => event !== 'commits');

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
  const ofKind = kind === 'the API goes away' ? requestMoments : moments;
  const [event, when] = ofKind[(nth + run) % ofKind.length] as (typeof moments)[number];
  return {
    number,
    kind,
    run,
    failures: [1, 3, Number.POSITIVE_INFINITY, 2, 4][nth % 5] as number,
    moment: (events) => ({ event, when, nth: 1 + Math.floor(place * events[event]) }) as Moment,
  };
}
