import type { ReferenceDescription } from '../resource.js';

/**
 * Rate centers that Bandwidth or its partners cover, with their official abbreviations. It isn't the complete list of
 * rate centers. `rateCenters?state=XX` has the same names and abbreviations, but takes a request per state. The maximum
 * `size` is not documented.
 */
export const coveredRateCenters: ReferenceDescription = {
  type: 'reference',
  name: 'covered_rate_centers',
  table: 'rate_centers',
  place: 140,
  titles: { one: 'rate center', many: 'rate centers' },
  job: { name: 'sync-rate-centers', summary: 'names and abbreviations of rate centers, once a month for all accounts' },
  permission: {},
  optional: true,
  list: {
    name: 'coveredRateCenters',
    path: () => '/coveredRateCenters',
    query: () => ({}),
    pageSize: 5000,
    container: 'CoveredRateCenters',
    item: 'CoveredRateCenter',
    totalCount: 'CoveredRateCenters.TotalCount',
    strayEndTag: 'Vendors',
    key: 'Id',
    fields: ['Id', 'Name', 'Abbreviation', 'State', 'Lata'],
    emptyStatuses: [204],
  },
};
