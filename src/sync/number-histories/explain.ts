import type { NumberEvent } from '../../dashboard/single-number.js';
import { isInventory } from '../history/observed-statuses.js';

/** A row of `unexplained_moves`. */
export interface Move {
  kind: 'arrival' | 'departure';
  at: Date;
  /** The earliest time for an explanation; null: any. */
  after: Date | null;
}

/** The ledger dates what only runs saw by the run, and the API some events by their order. */
const toleranceMs = 24 * 3_600_000;

/**
 * The event in the API's history of a number that explains a move; undefined if none does. An arrival is explained by the first event
 * that has the number on the account, in its inventory; a departure by the first one after that which has not.
 *
 * @param events by date
 */
export function explanationOf(
  { kind, at, after }: Move,
  events: readonly NumberEvent[],
  account: string,
): NumberEvent | undefined {
  const earliest = after === null ? Number.NEGATIVE_INFINITY : after.getTime() - toleranceMs;
  const during = events.filter((event) => {
    const time = event.at === undefined ? Number.NaN : Date.parse(event.at);
    return time >= earliest && time <= at.getTime() + toleranceMs;
  });
  const isHeld = ({ accountId, status = '' }: NumberEvent) => accountId === account && isInventory(status);
  if (kind === 'departure') {
    const left = during.findLastIndex(isHeld);
    return during.slice(left + 1).find((event) => !isHeld(event));
  }
  // What had the number on the account before the previous service ended belongs to that service.
  const lastElsewhere = during.findLastIndex((event) => !isHeld(event));
  return during.slice(lastElsewhere + 1).find(isHeld);
}
