import type { AccountState } from './account.js';
import type { Answer } from './answer.js';
import type { DayForm } from './parameters.js';
import type { SandboxState } from './state.js';

/** One request to one resource, after its credentials and its account were found good. */
export interface Call {
  state: SandboxState;
  /** Decoded parameters of the path and of the query. */
  params: Record<string, string>;
  query: Record<string, string>;
  body(): Promise<string>;
  /** A header of the request. */
  header(name: string): string | undefined;
  /** The account in the path, or that of the accountId parameter. */
  account: AccountState | undefined;
  /** Links are to be written with raw angle brackets. */
  rawLinks: boolean;
  /** Leaves some items out where the fault short-list wants it; lists pass their items through it. */
  thin<T>(items: T[]): T[];
}

/** A resource of the API, described as data. Its path is relative to the API's base address. */
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  /** Root element of its errors. */
  root: string;
  /** Reads a list page by page, and can meet the faults of lists. */
  list?: boolean;
  /** The documented form of the days in its filters; `yyyy-MM-dd` unless told. */
  dayForm?: Exclude<DayForm, 'either'>;
  /** Makes an order, and can meet the fault of a lost answer. */
  creates?: boolean;
  answer(call: Call): Answer | Promise<Answer>;
}

/** The account of a call below `/accounts/{accountId}`, where the sandbox lets no call through without one. */
export function accountOf(call: Call): AccountState {
  if (call.account === undefined) {
    throw new TypeError('This route is not below an account.');
  }
  return call.account;
}
