import type { SandboxOrderBase } from './truth.js';

/** Something that befalls an order once the clock has reached a time (epoch milliseconds). */
export interface Step {
  at: number;
  order: SandboxOrderBase;
  /** `at` may be earlier than planned where an order is hurried. */
  take(at: number): void;
}

/** What is still to happen to open orders, in the order of time. */
export interface Agenda {
  /** When the next step is due; Infinity if none is planned. */
  readonly next: number;
  plan(step: Step): void;
  /** Forgets what was planned for an order. */
  drop(order: SandboxOrderBase): void;
  /** Removes and returns the next step that is due. */
  due(now: number): Step | undefined;
  /** Removes and returns the next step of one order. */
  dueFor(order: SandboxOrderBase): Step | undefined;
}

export function createAgenda(): Agenda {
  let steps: Step[] = [];
  return {
    get next() {
      return steps[0]?.at ?? Number.POSITIVE_INFINITY;
    },
    plan(step) {
      // Of steps at the same time the one that was planned first comes first.
      const later = steps.findLastIndex((other) => other.at <= step.at) + 1;
      steps.splice(later, 0, step);
    },
    drop(order) {
      steps = steps.filter((step) => step.order !== order);
    },
    due(now) {
      return (steps[0]?.at ?? Number.POSITIVE_INFINITY) <= now ? steps.shift() : undefined;
    },
    dueFor(order) {
      const position = steps.findIndex((step) => step.order === order);
      return position < 0 ? undefined : steps.splice(position, 1)[0];
    },
  };
}
