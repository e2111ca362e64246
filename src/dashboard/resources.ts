/** A list of the API, as data: where it is, how it pages, and what of it is read. */
export interface ListResource {
  name: string;
  /** Below the API's address. */
  path: (account: string) => string;
  /** Filters that stay the same on every page. */
  query: (account: string) => Record<string, string>;
  /**
   * The `size` asked for: the largest that the API gives, because requests are what is limited. Left out where the list has no
   * pages: then all of it comes at once, and neither `page` nor `size` is sent.
   */
  pageSize?: number;
  /** Path of the element that holds the items, from the root. */
  container: string;
  item: string;
  /** Path of the whole list's size in a page, where the page tells it. */
  totalCount?: string;
  /** Path of the resource that answers `<Quantity><Count>`, where there is one. */
  totals?: (account: string) => string;
  /** The field that tells one item from another. */
  key: string;
  /** Elements of an item, in the order of `Item.values`; `#text` is the text of an item without children. */
  fields: readonly string[];
  /** Other names of fields: the API spells some differently from list to list. */
  aliases?: Readonly<Record<string, string>>;
  /** Statuses by which the API says that the list is empty; a 404 only with a body that holds `Links` and no error. */
  emptyStatuses: readonly (204 | 404)[];
  /** The field that names the account, in lists that are not below one: rows of other accounts are left out. */
  ownAccountField?: string;
}

/** The numbers that an account has in service. */
export const inserviceNumbers: ListResource = {
  name: 'inserviceNumbers',
  path: (account) => `/accounts/${encodeURIComponent(account)}/inserviceNumbers`,
  query: () => ({}),
  pageSize: 5000,
  container: 'TNs.TelephoneNumbers',
  item: 'TelephoneNumber',
  totalCount: 'TNs.TotalCount',
  totals: (account) => `/accounts/${encodeURIComponent(account)}/inserviceNumbers/totals`,
  key: '#text',
  fields: ['#text'],
  emptyStatuses: [204, 404],
};

/**
 * Details of every number of an account, in service or not.
 * The list's `TelephoneNumberCount` is not the list's size, nor always the page's: it is not read.
 */
export const numberDetails: ListResource = {
  name: 'tns',
  path: () => '/tns',
  query: (account) => ({ accountId: account }),
  pageSize: 2500,
  container: 'TelephoneNumbersResponse.TelephoneNumbers',
  item: 'TelephoneNumber',
  key: 'FullNumber',
  fields: [
    'FullNumber',
    'City',
    'Lata',
    'State',
    'Tier',
    'VendorId',
    'VendorName',
    'RateCenter',
    'Status',
    'AccountId',
    'LastModified',
    'InServiceDate',
  ],
  emptyStatuses: [204, 404],
  ownAccountField: 'AccountId',
};
