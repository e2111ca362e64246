import fc from '../../support/fast-check.js';
import type { KnownLife } from './expected-histories.js';
import type { Sighting } from './history-model.js';
import type { OrderRow } from './order-rows.js';

// What really happened to a number, generated first. From that follow what the runs see, what the orders say and
// the expected histories.

/** An event: before which run it happens, and when exactly. */
export interface Moment {
  /** The index of the run before which it happens; the first run is 0. */
  night: number;
  at: bigint;
}

export interface Mark extends Moment {
  action: 'ASSIGN' | 'UNASSIGN';
  orderId: string;
}

/** A number's stay on the account. Anything after the last run has not happened. */
export interface Life {
  inOrder: { id: string; kind: 'orders' | 'portins'; known: boolean };
  outOrder: { id: string; kind: 'disconnects' | 'portouts' };
  ordered: Moment;
  inService: Moment;
  marks: Mark[];
  /** When the order that removes it was placed, and when it completed. */
  disconnectOrdered: Moment;
  gone: Moment;
  /** Until when the number details list it as Aging; undefined: they don't. */
  agedUntil: Moment | undefined;
}

export interface NumberStory {
  number: string;
  /** Whether the number details have its in-service date. */
  tellsDate: boolean;
  /** The last change of an Aging number, according to the number details. */
  agingSince: 'disconnectOrdered' | 'gone';
  lives: Life[];
}

/** The runs and microseconds between events. */
const step = fc.record({ nights: fc.constantFrom(0, 0, 0, 0, 1, 1, 2), action: fc.constantFrom('ASSIGN', 'UNASSIGN') });
const lifePlan = fc.record({
  known: fc.integer({ min: 0, max: 4 }),
  port: fc.boolean(),
  ages: fc.boolean(),
  marks: fc.array(step, { maxLength: 3 }),
  steps: fc.tuple(step, step, step, step, step),
});
const storyPlan = fc.record({
  tellsDate: fc.boolean(),
  agingSince: fc.constantFrom('disconnectOrdered' as const, 'gone' as const),
  lives: fc.array(lifePlan, { minLength: 1, maxLength: 3 }),
});

/** The plan of each number: its events, and the runs between them. */
export const storyPlans = fc.array(storyPlan, { minLength: 5, maxLength: 5 });

export type StoryPlan = typeof storyPlan extends fc.Arbitrary<infer Plan> ? Plan : never;

const base = 1_500_000_000_000_000n;
const day = 86_400_000_000n;

/**
 * The lives of a number: moments before the first run are days apart and long ago, others
 * follow the previous run by microseconds.
 */
export function tellStory(
  number: string,
  plan: StoryPlan,
): { story: NumberStory; date(nights: readonly bigint[]): void } {
  const moments: Moment[] = [];
  const moment = (nights: number): Moment => {
    const made = { night: (moments.at(-1)?.night ?? 0) + nights, at: 0n };
    moments.push(made);
    return made;
  };
  const lives = plan.lives.map((life, index): Life => {
    // Everything about how it was first added may be unknown.
    const known = index > 0 || life.known > 0;
    const [ordered, inService, disconnectOrdered, gone, aged] = life.steps;
    const mark = (nights: number, action: string, nth: number): Mark =>
      Object.assign(moment(nights), { action: action as 'ASSIGN', orderId: `${number}-${index}-marks-${nth}` });
    const made = {
      inOrder: { id: `${number}-${index}-in`, kind: life.port ? ('portins' as const) : ('orders' as const), known },
      outOrder: { id: `${number}-${index}-out`, kind: life.port ? ('portouts' as const) : ('disconnects' as const) },
      ordered: moment(ordered.nights),
      inService: moment(inService.nights),
      marks: life.marks.map(({ nights, action }, nth) => mark(nights, action, nth)),
    };
    // If only the run that first saw a number dates its service, an order to remove it that was
    // placed before that run doesn't belong to that service: such orders are placed after it, or complete before it.
    const waits = known || plan.tellsDate ? disconnectOrdered.nights : Math.max(1, disconnectOrdered.nights);
    const ordersOut = moment(waits);
    const atOnce = !plan.tellsDate && ordersOut.night === made.inService.night;
    return {
      ...made,
      disconnectOrdered: ordersOut,
      gone: moment(atOnce ? 0 : gone.nights),
      agedUntil: life.ages ? moment(aged.nights) : undefined,
    };
  });
  return {
    story: { number, tellsDate: plan.tellsDate, agingSince: plan.agingSince, lives },
    date(nights) {
      for (const [index, each] of moments.entries()) {
        const before = nights[each.night - 1];
        if (each.night === 0) each.at = base + BigInt(index) * day;
        else if (before !== undefined) each.at = before + BigInt(index) + 1n;
      }
    },
  };
}

/** What the run sees of the number. */
export function sightingOf({ lives, tellsDate, agingSince }: NumberStory, night: number): Sighting | undefined {
  const life = lives.findLast(({ inService }) => inService.night <= night);
  if (life === undefined) return undefined;
  const inServiceDate = tellsDate ? life.inService.at : undefined;
  if (life.gone.night > night) return { status: 'Inservice', inServiceDate, lastModified: life.inService.at };
  if (life.agedUntil === undefined || life.agedUntil.night <= night) return undefined;
  return { status: 'Aging', inServiceDate, lastModified: life[agingSince].at };
}

/** The orders that ended before the run, with the first time they could be known. */
export function ordersOf({ number, lives }: NumberStory): { from: number; order: () => OrderRow }[] {
  const numbers = [number];
  return lives.flatMap((life) => [
    ...(life.inOrder.known
      ? [
          {
            from: life.inService.night,
            order: (): OrderRow => ({ ...life.inOrder, at: life.ordered.at, numbers }),
          },
        ]
      : []),
    { from: life.gone.night, order: (): OrderRow => ({ ...life.outOrder, at: life.disconnectOrdered.at, numbers }) },
    ...life.marks.map((mark) => ({
      from: mark.night,
      order: (): OrderRow => ({
        kind: 'number_assignments',
        id: mark.orderId,
        action: mark.action,
        at: mark.at,
        numbers,
      }),
    })),
  ]);
}

/** The number's lives after these runs, when every order that ended is known. */
export function knownLives(story: NumberStory, nights: readonly bigint[]): KnownLife[] {
  const begun = story.lives.filter(({ inService }) => inService.night < nights.length);
  return begun.map((life) => ({
    toldDate: story.tellsDate ? life.inService.at : undefined,
    ordered: life.inOrder.known ? life.ordered.at : undefined,
    out: life.gone.night < nights.length ? life.disconnectOrdered.at : undefined,
    seen: new Map(
      nights.flatMap((_, night) => {
        const status = sightingOf(story, night)?.status;
        const current = begun.findLast(({ inService }) => inService.night <= night);
        return status !== undefined && current === life ? [[night, status]] : [];
      }),
    ),
    marks: life.marks.filter(({ night }) => night < nights.length),
  }));
}
