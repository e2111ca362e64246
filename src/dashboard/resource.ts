import type { DateFormat } from './date-window.js';

// Types that describe a resource of the API as data. `resources/` has one description per resource;
// docs/adding-a-resource.md shows how to add one.

/** A list of the API: its path, its paging, and the fields to read. */
export interface ListResource {
  /** The path segment, used in messages about requests and permissions. */
  name: string;
  /** Relative to the API's base URL. */
  path: (account: string) => string;
  /** Filters that are the same on every page. */
  query: (account: string) => Record<string, string>;
  /**
   * The `size` to request: the largest that the API allows, because requests are rate-limited. Omit it if the list has
   * no pages: then the whole list comes at once, and neither `page` nor `size` is sent.
   */
  pageSize?: number;
  /**
   * Pages are numbered 1, 2, 3, and have no links. The last page is the first one shorter than `size`, or, if that proves wrong
   * because the API returns fewer than it was asked for, the first empty one.
   */
  numberedPages?: 'until short' | 'until empty';
  /** Path of the element that contains the items, from the root. */
  container: string;
  item: string;
  /** An element that has an end tag without a start tag in the reference's example: that is ignored. */
  strayEndTag?: string;
  /**
   * Name of the elements in the container that are whole orders, if the list can return these instead of items. The
   * name may be the same. Which one an entry is depends on its content: the API may ignore the request for them.
   */
  wholeItem?: string;
  /** The element that contains the order when it is read by its id, but not in the list. */
  wholeWithin?: string;
  /** Path of the size of the whole list, if pages have it. */
  totalCount?: string;
  /** Path of the resource that returns the size of the list, if there is one. */
  totals?: (account: string) => string;
  /** Path of the count in its response; by default `Quantity.Count`. */
  totalsCount?: string;
  /** The field that identifies an item. */
  key: string;
  /** Elements of an item, in the order of `Item.values`; `#text` is the text of an item without children. */
  fields: readonly string[];
  /** Aliases of fields: some have different names in different lists. */
  aliases?: Readonly<Record<string, string>>;
  /** Statuses that mean an empty list; a 404 only with a body that contains `Links` and no error. */
  emptyStatuses: readonly (204 | 404)[];
  /** The field with the account id, in lists whose path isn't below an account: rows of other accounts are omitted. */
  ownAccountField?: string;
}

/** A list that is read by date windows. */
export interface WindowResource extends ListResource {
  /** The filters that bound a window. */
  window: {
    from: string;
    to: string;
    /** As documented; `sync/windows/date-filter.ts` detects the format that the API accepts. */
    format: DateFormat;
    /**
     * The date that the filters compare. If it is the creation date, an order that changes later isn't in a later
     * window: it is read again by id until its status is terminal.
     */
    means: 'created' | 'changed';
  };
  /** If the list has no pages: the maximum number of entries it returns. A list with that many may be incomplete. */
  resultLimit?: number;
  /** Filters that split a single day that reaches the result limit, applied one after the other. */
  splits?: readonly { parameter: string; values: readonly string[] }[];
}

/** A column filled from a list of orders. */
export interface OrderColumn {
  /** Name in the list's `fields`. */
  field: string;
  name: string;
  type: 'text' | 'timestamptz' | 'integer' | 'boolean' | 'action';
}

/** An order resource that is read by id: its path and the fields to read. */
export interface OrderDetailResource {
  /** The description's `name`. */
  kind: string;
  table: string;
  /** Name of its orders in messages: `number orders`. */
  title: string;
  /** Relative to the API's base URL. */
  path: (account: string, orderId: string) => string;
  root: string;
  /** All paths start at the root's children and are case-insensitive. */
  id?: string;
  status: string;
  /** When Bandwidth last changed the order, if the response has it. */
  lastModified?: string;
  fields: readonly DetailField[];
  numbers?: NumbersInDetails;
  members?: MembersInDetails;
  /** Its responses contain personal data, which error descriptions may repeat: only error codes are reported. */
  personal?: true;
  /**
   * Elements without personal data, in lower case, in addition to those that `sync/personal-data.ts` keeps for any
   * order.
   */
  harmless: string;
  /** Final statuses; an order with any other status, known or not, may still change. */
  terminalStatuses: readonly string[];
  /** Final statuses with a name of their own, and what they mean for the order's numbers. */
  statusMeans?: Readonly<Record<string, 'COMPLETE' | 'PARTIAL' | 'FAILED'>>;
}

export interface DetailField {
  path: string;
  column: string;
  type: 'text' | 'date' | 'count' | 'flag' | 'action';
  /**
   * The list may have this field too: its value is kept if the order omits the field. Otherwise the order's response is
   * the only source.
   */
  listed?: true;
}

export interface NumbersInDetails {
  table: string;
  /** Path of the repeating element: the number is its text, or that of its `FullNumber`. */
  path: string;
  /** Column with the expected number of telephone numbers, from the list. */
  listedCount: string;
  /** Path of the expected number of telephone numbers, if the response has it. */
  count?: string;
  /** Path of the number of failed telephone numbers. */
  failedCount?: string;
  /** Path of the requested numbers, if listed separately from `path`: a COMPLETE order got all of them. */
  requested?: string;
  /** The resource that lists the numbers if the order omits them. */
  own?: (account: string, orderId: string) => string;
  /**
   * The root of `own`, if orders never have their numbers themselves: `own` is always read, and `path` starts at its
   * root's children.
   */
  ownRoot?: string;
  /** Each number has its own outcome, derived from the order's errors. */
  outcomes?: true;
  /** Failed numbers may appear only in the errors, as in the reference's example: that isn't a contradiction. */
  failuresApart?: true;
  /** Paths of elements that an order may have instead of numbers: that isn't a contradiction either. */
  insteadOfNumbers?: readonly string[];
}

/** Other orders that an order consists of. */
export interface MembersInDetails {
  /** Table of their ids, in the column `column`. */
  table: string;
  column: string;
  /** Path of the repeating element with a member's id. */
  path: string;
  /** The resource that lists the members if the order omits them, its root, and the path from there. */
  own: (account: string, orderId: string) => string;
  ownRoot: string;
  ownPath: string;
}

/** The permission that a resource requires. */
export interface DescribedPermission {
  /** Name of the resource's content in messages about permissions, if it isn't `titles.many`. */
  what?: string;
  /** The role's name in the Bandwidth App; omitted if Bandwidth's documentation names none. */
  role?: string;
}

/** Properties of every description. */
interface Described {
  /**
   * Key of its listing in cursors and watermarks, and of its orders in the histories. Never change it: databases
   * contain it.
   */
  name: string;
  /** Its position in the nightly run and in the output of `check`; unique. */
  place: number;
  /** Singular and plural name of its entries in messages and the report. */
  titles: { one: string; many: string };
  /** The job that reads it: `jobs/<name>.ts`, with a one-line summary. */
  job: { name: string; summary: string };
  permission: DescribedPermission;
  /** Most accounts don't use it: if the credentials lack the role, its job and `check` only warn. */
  optional?: true;
}

/** A list that is read whole and replaces the previous data. */
export interface SnapshotDescription extends Described {
  type: 'snapshot';
  list: ListResource;
}

/** A list that is the same for all accounts: any of them reads it for the others. */
export interface ReferenceDescription extends Described {
  type: 'reference';
  table: string;
  list: ListResource;
}

/** A list of numbers that is read by date windows. */
export interface NumberListDescription extends Described {
  type: 'numbers';
  table: string;
  list: WindowResource;
}

/**
 * How orders change the histories of their numbers: add them to the account (`in`), remove them (`out`), or mark them
 * ASSIGNED or UNASSIGNED (`mark`). The expressions are SQL on the order `o` and its number `n`.
 */
export interface HistoryEffect {
  effect: 'in' | 'out' | 'mark';
  /** Time of the change: null if the order doesn't have it. */
  at: string;
  /** Condition on orders. */
  orders: string;
  /** Condition on their numbers; omit it for all. */
  numbers?: string;
  /** For orders that mark numbers: the resulting assignment status. */
  status?: string;
}

/** Rows of its tables that the report highlights. */
export interface Concern {
  kind: 'problem' | 'notice';
  /** The orders' table by default. */
  table?: string;
  condition: string;
  /** Columns to show. */
  columns: string;
  /** Their order, in SQL: what matters most first. By default that of the columns. */
  order?: string;
  /** The sentence; `count` is already formatted. */
  text(count: string, isOne: boolean): string;
}

/** Orders: listed by date windows, and each read by id. */
export interface OrderDescription extends Described {
  type: 'orders';
  table: string;
  /** Table of the numbers of its orders. */
  numbersTable: string;
  list: WindowResource;
  /** Other lists of orders of the same kind, which the first list omits. */
  moreLists: readonly { name: string; title: string; list: WindowResource }[];
  /** Columns that the list fills. */
  columns: readonly OrderColumn[];
  /** The list field with an order's numbers, if the orders themselves don't have them. */
  numberField?: string;
  /** List fields without a column, kept in `raw`. */
  kept?: readonly string[];
  /**
   * Orders of another kind that may appear in this list: those whose type matches the regular expression, ignoring
   * case.
   */
  strays?: { orderType: string; orders: OrderDescription; kept: readonly string[] };
  details: OrderDetailResource;
  /**
   * Omit it if the orders don't change the histories of their numbers. If some orders of the kind add numbers and others
   * remove them, several effects, whose conditions on orders exclude each other.
   */
  history?: HistoryEffect | readonly HistoryEffect[];
  /**
   * `sync-order-history` reads what happened to its orders (`orders/{id}/history`), except for orders in these statuses, of which the
   * API has no history.
   */
  events?: { exceptStatuses: readonly string[] };
  /** It reads their notes too (`orders/{id}/notes`). */
  notes?: true;
  /** Whether `night_changes`, and with it the report, shows new orders and status changes. */
  reportsChanges: boolean;
  /** The orders port numbers to or from another carrier: the report shows these separately. */
  isPort?: true;
  concerns: readonly Concern[];
}

/** A description in `resources/`. */
export type Description = SnapshotDescription | ReferenceDescription | NumberListDescription | OrderDescription;
