import type { NumberRow } from '../number.js';
import { textOf } from '../number-key.js';
import type { Builder } from './build.js';
import type { Draw } from './draw.js';
import type { Lifecycle } from './lifecycle.js';

/** A number that arrived on the account; `left` if it left again. */
export interface Arrival {
  key: number;
  at: number;
  left: number | undefined;
  /** It was disconnected, but `/tns` still lists it. */
  aging?: boolean;
  /** Delivered by a port-in or import; otherwise by a number order. */
  ported: boolean;
}

/** Common inputs for generating orders of all kinds. Times are epoch milliseconds. */
export interface GenerationContext {
  draw: Draw;
  builder: Builder;
  lifecycle: Lifecycle;
  /** Attributes of a number at the start of the sandbox. */
  attributes(key: number): NumberRow;
  /** A number that was never on the account. */
  unusedNumber(): number;
  /** Numbers that are currently imported. */
  imported: Set<string>;
  /** The time range of orders, and the start time of the sandbox, which is never before its end. */
  from: number;
  until: number;
  now: number;
}

export function textsOf(arrivals: readonly { key: number }[]): string[] {
  return arrivals.map(({ key }) => textOf(key));
}
