import type { SandboxOrderBase } from './order-types.js';

/** A change to an order at a given clock time (epoch milliseconds). */
export interface Step {
  at: number;
  order: SandboxOrderBase;
  /** `at` is earlier than planned if the order is completed early. */
  run(at: number): void;
}

/** The future steps of open orders, by time. */
export interface Schedule {
  /** When the next step is due; Infinity if there is none. */
  readonly next: number;
  plan(step: Step): void;
  /** Removes all steps of an order. */
  drop(order: SandboxOrderBase): void;
  /** Removes and returns the next step that is due. */
  due(now: number): Step | undefined;
  /** Removes and returns the next step of one order. */
  dueFor(order: SandboxOrderBase): Step | undefined;
}

export function createSchedule(): Schedule {
  let steps: Step[] = [];
  return {
    get next() {
      return steps[0]?.at ?? Number.POSITIVE_INFINITY;
    },
    plan(step) {
      // Steps at the same time run in the order in which they were planned.
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
