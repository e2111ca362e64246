import { formatCount } from '../../format.js';
import { html } from '../html.js';
import { accountColumn, type Scope, shownCall } from '../scope.js';
import type { Section } from '../section.js';
import { table } from '../table.js';

/** A row of `numbers_by_location`. */
export interface LocationCount {
  account_id: string;
  site_id: string | null;
  site_name: string | null;
  sip_peer_id: string | null;
  sip_peer_name: string | null;
  numbers: number;
}

/** The numbers in service by location, most first; undefined if no location of a number is known. */
export async function readLocationCounts({
  client,
  account,
  day,
}: Scope): Promise<readonly LocationCount[] | undefined> {
  const { rows } = await client.query<LocationCount>(
    `select account_id, site_id, site_name, sip_peer_id, sip_peer_name, numbers::float8 as numbers
       from numbers_by_location($1::date, $2) order by numbers desc, account_id, site_id, sip_peer_id`,
    [day, account ?? null],
  );
  return rows.some(({ sip_peer_id }) => sip_peer_id !== null) ? rows : undefined;
}

export function locationsSection(scope: Scope, counts: readonly LocationCount[]): Section {
  const total = counts.reduce((sum, { numbers }) => sum + numbers, 0);
  const named = (name: string | null, id: string | null) => (name === null ? (id ?? '') : `${name} (${id})`);
  const call = shownCall(scope, 'numbers_by_location');
  return {
    id: 'locations',
    title: 'Numbers by location',
    content: html`<p>Numbers in service by sub-account and location, as <code>sync-sites</code> last found them. Without a location: no list of a location has the number, or none was read yet.</p>
${table<LocationCount>({
  id: 'numbers-by-location',
  caption: 'Numbers in service by location',
  columns: [
    {
      title: 'Location',
      cell: ({ sip_peer_name: name, sip_peer_id: id }) => (id === null ? 'without a location' : named(name, id)),
    },
    { title: 'Sub-account', cell: ({ site_name: name, site_id: id }) => named(name, id) },
    accountColumn(scope, ({ account_id }) => account_id),
    { title: 'Numbers', numeric: true, cell: ({ numbers }) => formatCount(numbers) },
    { title: 'Share', numeric: true, cell: ({ numbers }) => `${((numbers / total) * 100).toFixed(1)}%` },
  ],
  rows: counts,
  all: { count: counts.length, sql: `select * from ${call} order by numbers desc;` },
})}`,
  };
}
