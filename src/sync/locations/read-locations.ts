import type { Item } from '../../dashboard/pager.js';
import { readFirstPage } from '../../dashboard/pager.js';
import type { ListResource } from '../../dashboard/resource.js';
import { type Location, sipPeersOf, sites } from '../../dashboard/resources/sites.js';
import type { JobContext } from '../../run/job.js';
import { withoutPersonalData } from '../personal-data.js';
import { noteWithoutKey } from '../snapshot.js';
import { collectWarnings, type ValueWarnings } from '../value-warnings.js';
import { IncompleteListingError } from '../verify-inservice.js';

/** A sub-account, as stored in `sites`. */
export interface SiteRow {
  site_id: string;
  name: string | null;
  description: string | null;
  raw: unknown;
}

/** A location, as stored in `sip_peers`. */
export interface PeerRow extends Omit<SiteRow, 'site_id'>, Location {
  is_default: boolean | null;
}

export interface Locations {
  sites: SiteRow[];
  peers: PeerRow[];
}

/** Names of a customer (`CustomerName`) and street addresses are not stored. */
const harmlessInSites = 'customerprovidedid uctrunkingconfiguration type usagecategory';
const harmlessInPeers = `address addresstype callingname country customertrafficallowed display enforced host hostname port
  premisetrunks statecode terminationhost terminationhosts voicehost voicehostgroup voicehostgroups voicehosts`;

/**
 * Reads the account's sub-accounts, and the locations of each: one request for all sub-accounts, and one per sub-account.
 *
 * @throws {IncompleteListingError} if two sub-accounts list the same location
 */
export async function readLocations(context: JobContext): Promise<Locations> {
  const warnings = collectWarnings();
  const found: Locations = { sites: [], peers: [] };
  for (const item of await readAll(context, sites.list, 'a sub-account ID', warnings)) {
    const [siteId = '', name, description] = item.values;
    found.sites.push({ site_id: siteId, ...textsOf(name, description), raw: harmlessPart(item, harmlessInSites) });
  }
  const siteOfPeer = new Map<string, string>();
  for (const { site_id: siteId } of found.sites) {
    for (const item of await readAll(context, sipPeersOf(siteId), 'a location ID', warnings)) {
      const [sipPeerId = '', name, description, isDefault] = item.values;
      const other = siteOfPeer.get(sipPeerId);
      if (other !== undefined) {
        throw new IncompleteListingError(
          `Location ${sipPeerId} of account ${context.account} is listed twice, in sub-accounts ${other} and ${siteId}. No location was changed.`,
          { hint: 'Run it again. If the lists stay the same, report them to Bandwidth.' },
        );
      }
      siteOfPeer.set(sipPeerId, siteId);
      const raw = harmlessPart(item, harmlessInPeers);
      found.peers.push({ siteId, sipPeerId, ...textsOf(name, description), is_default: toFlag(isDefault), raw });
    }
  }
  for (const sentence of warnings.sentences()) context.run.warn(`${sites.titles.many}: ${sentence}`);
  return found;
}

async function readAll(
  { account, client, run, signal }: JobContext,
  resource: ListResource,
  entry: string,
  warnings: ValueWarnings,
): Promise<Item[]> {
  const page = await readFirstPage({ client, resource, account, signal });
  noteWithoutKey(page, { entry }, warnings);
  run.add({ pages: 1, rowsRead: page.items.length });
  return page.items;
}

const textsOf = (name: string | undefined, description: string | undefined) => ({
  name: name || null,
  description: description || null,
});

const toFlag = (text: string | undefined) =>
  text === undefined || !/^(?:true|false)$/i.test(text) ? null : text.toLowerCase() === 'true';

function harmlessPart({ extra }: Item, harmless: string): unknown {
  return (extra && withoutPersonalData(extra, harmless)) ?? null;
}
