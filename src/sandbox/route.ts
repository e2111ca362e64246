import type { AccountState } from './account.js';
import type { Answer } from './answer.js';
import type { SandboxState } from './state.js';

/** A request to a resource, with valid credentials and a valid account. */
export interface Call {
  state: SandboxState;
  /** Decoded path and query parameters. */
  params: Record<string, string>;
  query: Record<string, string>;
  body(): Promise<string>;
  /** Returns a request header. */
  header(name: string): string | undefined;
  /** The account in the path or in the accountId parameter. */
  account: AccountState | undefined;
  /** Write links with raw angle brackets. */
  rawLinks: boolean;
  /** Removes some items if the fault short-list applies. Lists pass their items through it. */
  applyShortList<T>(items: T[]): T[];
}

/** The date format of a resource: yy-MM-dd, yyyy-MM-dd, or either. */
export type DayForm = 'yy-MM-dd' | 'yyyy-MM-dd' | 'either';

/** An API resource, described as data. Its path is relative to the base URL of the API. */
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  /** Root element of its error responses. */
  root: string;
  /** The route reads a list page by page; list faults apply. */
  list?: boolean;
  /** The documented date format of its filters; `yyyy-MM-dd` by default. */
  dayForm?: Exclude<DayForm, 'either'>;
  /** The route creates an order; the fault lost-answer applies. */
  creates?: boolean;
  answer(call: Call): Answer | Promise<Answer>;
}

/** The account of a call under `/accounts/{accountId}`. The sandbox rejects such calls without a valid account. */
export function accountOf(call: Call): AccountState {
  if (call.account === undefined) {
    throw new TypeError('This route is not under an account.');
  }
  return call.account;
}
