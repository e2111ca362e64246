import type { OrderAnswer } from '../dashboard/order-answer.js';

/** What the lists of one run returned of whole orders, so that the run doesn't read these by id as well. */
export interface ListedOrders {
  /** Ids of open orders that were applied as the list returned them. */
  current: Set<string>;
  /** Orders whose numbers are elsewhere, by id: only the numbers need a request. */
  answers: Map<string, OrderAnswer>;
}

/** Memory doesn't grow with the account: what exceeds this is read by id. */
export const maxListedAnswers = 1000;

export function noListedOrders(): ListedOrders {
  return { current: new Set(), answers: new Map() };
}
