import fc from 'fast-check';
import type { KnownLife } from './expected-histories.js';
import type { Sighting } from './history-model.js';
import type { OrderRow } from './order-rows.js';

// What really happened to a number, made up first: from that follow both what the nights see and what the orders say, and
// what the histories must say.

/** Something that happens: before which night, and when exactly. */
export interface Moment {
  /** The number of the night before which it happens; the first night is 0. */
  night: number;
  at: bigint;
}

export interface Declared extends Moment {
  action: 'ASSIGN' | 'UNASSIGN';
  orderId: string;
}

/** One time of a number on the account; what lies after the last night has not happened. */
export interface Life {
  inOrder: { id: string; kind: 'orders' | 'portins'; known: boolean };
  outOrder: { id: string; kind: 'disconnects' | 'portouts' };
  ordered: Moment;
  inService: Moment;
  declared: Declared[];
  /** When the order that takes it out was placed, and when that was done. */
  disconnectOrdered: Moment;
  gone: Moment;
  /** Until when the number details name it as Aging; undefined: they don't. */
  agedUntil: Moment | undefined;
}

export interface NumberStory {
  number: string;
  /** Whether the number details tell when it came into service. */
  tellsDate: boolean;
  /** What the number details say was the last change of an Aging number. */
  agingSince: 'disconnectOrdered' | 'gone';
  lives: Life[];
}

/** How many nights and microseconds lie between what happens. */
const step = fc.record({ nights: fc.constantFrom(0, 0, 0, 0, 1, 1, 2), action: fc.constantFrom('ASSIGN', 'UNASSIGN') });
const lifePlan = fc.record({
  known: fc.integer({ min: 0, max: 4 }),
  port: fc.boolean(),
  ages: fc.boolean(),
  declarations: fc.array(step, { maxLength: 3 }),
  steps: fc.tuple(step, step, step, step, step),
});
const storyPlan = fc.record({
  tellsDate: fc.boolean(),
  agingSince: fc.constantFrom('disconnectOrdered' as const, 'gone' as const),
  lives: fc.array(lifePlan, { minLength: 1, maxLength: 3 }),
});

/** Of each number: what is to happen, and in how many nights' time. */
export const storyPlans = fc.array(storyPlan, { minLength: 5, maxLength: 5 });

export type StoryPlan = typeof storyPlan extends fc.Arbitrary<infer Plan> ? Plan : never;

const base = 1_500_000_000_000_000n;
const day = 86_400_000_000n;

/**
 * The story of a number as far as it is known when it happens: moments before the first night are days apart and long ago, others
 * follow the night before them by microseconds.
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
    // Of how it came to be held first, all may be forgotten.
    const known = index > 0 || life.known > 0;
    const [ordered, inService, disconnectOrdered, gone, aged] = life.steps;
    const declare = (nights: number, action: string, nth: number): Declared =>
      Object.assign(moment(nights), { action: action as 'ASSIGN', orderId: `${number}-${index}-declared-${nth}` });
    const made = {
      inOrder: { id: `${number}-${index}-in`, kind: life.port ? ('portins' as const) : ('orders' as const), known },
      outOrder: { id: `${number}-${index}-out`, kind: life.port ? ('portouts' as const) : ('disconnects' as const) },
      ordered: moment(ordered.nights),
      inService: moment(inService.nights),
      declared: life.declarations.map(({ nights, action }, nth) => declare(nights, action, nth)),
    };
    // Where nothing tells since when a number was in service but the night that saw it first, an order to take it out that was
    // placed before that night is none of that service's: such orders are placed after it, or done before it.
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

/** What the night sees of the number. */
export function sightingOf({ lives, tellsDate, agingSince }: NumberStory, night: number): Sighting | undefined {
  const life = lives.findLast(({ inService }) => inService.night <= night);
  if (life === undefined) return undefined;
  const inServiceDate = tellsDate ? life.inService.at : undefined;
  if (life.gone.night > night) return { status: 'Inservice', inServiceDate, lastModified: life.inService.at };
  if (life.agedUntil === undefined || life.agedUntil.night <= night) return undefined;
  return { status: 'Aging', inServiceDate, lastModified: life[agingSince].at };
}

/** The orders that have come to their end before the night, with when they could be learnt first. */
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
    ...life.declared.map((declared) => ({
      from: declared.night,
      order: (): OrderRow => ({
        kind: 'number_assignments',
        id: declared.orderId,
        action: declared.action,
        at: declared.at,
        numbers,
      }),
    })),
  ]);
}

/** The lives of the number as far as they have come by these nights, when every order that came to its end is known. */
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
    declared: life.declared.filter(({ night }) => night < nights.length),
  }));
}
