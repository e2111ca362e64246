import type pg from 'pg';
import { lockNumbers } from '../../database/advisory-locks.js';
import { countWithExamples } from '../../database/count-with-examples.js';
import { fillTable } from '../../database/fill-table.js';
import { analyzeAfter } from '../../database/statistics.js';
import { inTransaction } from '../../database/transaction.js';
import type { JobContext } from '../../run/job.js';
import { ShrinkError } from '../apply-numbers.js';
import { setCursorState } from '../cursor.js';
import { forgetListing, stagingOf } from '../snapshot.js';
import type { Locations } from './read-locations.js';
import { numbersByLocation } from './read-numbers.js';

/** Columns of `telephone_numbers` that the lists of locations fill. What a list doesn't say stays as it was. */
const details = ['tn_attributes', 'location_settings'] as const;

/**
 * Applies the verified lists of all locations in one transaction: sub-accounts, locations, the location and attributes of each number,
 * and their history.
 *
 * A number that two locations list moved while the lists were read: its location is not proved, and stays as it was. So do the
 * locations of numbers that no list has, for one of them may have moved the other way, so that the totals agree. Only if every
 * number is listed once does a number in no list lose its location. Its attributes stay: no list says that it lost them.
 *
 * @param totals the number of each location's numbers, by location ID
 * @throws {ShrinkError} if too many numbers would lose their location; the lists are then held for `--accept-shrink`
 */
export async function applyLocations(
  context: JobContext,
  { sites, peers }: Locations,
  totals: ReadonlyMap<string, number>,
): Promise<void> {
  const { account, database, run, signal } = context;
  const staging = stagingOf(context, numbersByLocation).sql;
  const peerRows = peers.map(({ siteId, sipPeerId, ...row }) => ({
    ...row,
    site_id: siteId,
    sip_peer_id: sipPeerId,
    number_count: totals.get(sipPeerId),
  }));
  try {
    const { written, warnings } = await inTransaction(
      database,
      { largeJoin: true, signal, repeatable: true },
      async (client) => {
        await lockNumbers(client, account);
        await client.query(`analyze ${staging}`);
        await client.query(
          `create temp table listed_twice on commit drop as
           select telephone_number from ${staging} group by 1 having count(*) > 1`,
        );
        const write = async (sql: string) => (await client.query(sql, [account])).rowCount ?? 0;
        const { doubled, warnings } = await findUnproved(client, account, staging);
        let written = await write(locate(staging));
        if (doubled === 0) {
          await guardShrink(client, context, staging);
          written += await write(unlocate(staging));
        }
        written += await writeHistory(client, context);
        written += await storeRows(client, account, { table: 'sites', key: 'site_id', rows: sites });
        written += await storeRows(client, account, { table: 'sip_peers', key: 'sip_peer_id', rows: peerRows });
        warnings.push(...(await findWithoutLocation(client, account)));
        await forgetListing(client, context, numbersByLocation);
        return { written, warnings };
      },
    );
    run.add({ rowsWritten: written });
    for (const warning of warnings) run.warn(warning);
  } catch (error) {
    if (error instanceof ShrinkError) await setCursorState(database, account, numbersByLocation.name, 'held');
    throw error;
  }
}

// About "telephone_number = t.telephone_number", see apply-numbers.ts. changed_at is the time of changes that the other histories show.
const locate = (staging: string) => `
  update telephone_numbers t
     set telephone_number = t.telephone_number, site_id = s.site_id, sip_peer_id = s.sip_peer_id,
         ${details.map((name) => `${name} = coalesce(s.${name}, t.${name})`).join(', ')}
    from ${staging} s
   where t.account_id = $1 and t.telephone_number = s.telephone_number and t.removed_at is null
     and not exists (select from listed_twice d where d.telephone_number = s.telephone_number)
     and (t.site_id, t.sip_peer_id, ${details.map((name) => `t.${name}`).join(', ')})
       is distinct from (s.site_id, s.sip_peer_id, ${details.map((name) => `coalesce(s.${name}, t.${name})`).join(', ')})`;

const unlocate = (staging: string) => `
  update telephone_numbers t
     set telephone_number = t.telephone_number, site_id = null, sip_peer_id = null
   where t.account_id = $1 and t.removed_at is null and t.sip_peer_id is not null
     and not exists (select from ${staging} s where s.telephone_number = t.telephone_number)`;

// No location lists numbers that are Aging: the account released them, so they say nothing about the lists.
async function guardShrink(client: pg.ClientBase, context: JobContext, staging: string): Promise<void> {
  const { account, job, options } = context;
  if (options.acceptShrink) return;
  const { rows } = await client.query(
    `select count(*) as located, count(*) filter (where s.telephone_number is null) as losing
       from telephone_numbers t left join ${staging} s on s.telephone_number = t.telephone_number
      where t.account_id = $1 and t.removed_at is null and t.sip_peer_id is not null and t.status is distinct from 'Aging'`,
    [account],
  );
  const [located, losing] = [Number(rows[0].located), Number(rows[0].losing)];
  if (losing <= located * options.maxShrink) return;
  throw new ShrinkError(
    `No location of account ${account} lists ${losing} of the ${located} numbers that are at one, more than the ` +
      `${(options.maxShrink * 100).toFixed(1)} % that TN_LEDGER_MAX_SHRINK allows. No location was changed.`,
    {
      hint: `Check whether the locations of so many numbers were removed. If so: tn-ledger run ${job} --account ${account} --accept-shrink.`,
    },
  );
}

/**
 * The history has what the numbers of the account have: an interval ends when the number differs from it, or is gone. So does that of
 * a number of another carrier that left and came back since: an attribute counts for one stay only (`attributed_numbers`).
 */
async function writeHistory(client: pg.ClientBase, { account, accounts }: JobContext): Promise<number> {
  const { rowCount: ended } = await client.query(
    `update number_location_history h set valid_to = now()
       from telephone_numbers t
      where h.account_id = $1 and h.valid_to is null and t.account_id = $1 and t.telephone_number = h.telephone_number
        and (t.removed_at is not null
          or (h.site_id, h.sip_peer_id, h.tn_attributes) is distinct from (t.site_id, t.sip_peer_id, t.tn_attributes)
          or h.tn_attributes && '{External,Imported}' and exists (select from attributed_numbers a
            where a.account_id = h.account_id and a.telephone_number = h.telephone_number and a.found_at = h.valid_from
              and a.ended_at is not null))`,
    [account],
  );
  const table = 'number_location_history';
  const begun = await fillTable(client, { table, accounts: accounts.length }, async () => {
    const { rowCount } = await client.query(
      `insert into ${table} (account_id, telephone_number, site_id, sip_peer_id, tn_attributes, valid_from)
       select t.account_id, t.telephone_number, t.site_id, t.sip_peer_id, t.tn_attributes, now()
         from telephone_numbers t
        where t.account_id = $1 and t.removed_at is null and (t.sip_peer_id is not null or t.tn_attributes is not null)
          and not exists (select from ${table} h
            where h.account_id = $1 and h.telephone_number = t.telephone_number and h.valid_to is null)
        order by t.telephone_number`,
      [account],
    );
    return rowCount ?? 0;
  });
  const written = (ended ?? 0) + begun;
  await analyzeAfter(client, table, written);
  return written;
}

interface StoredRows {
  table: 'sites' | 'sip_peers';
  key: string;
  rows: readonly object[];
}

/** Inserts and updates the rows of a table, and marks those that are not listed any more as removed. */
async function storeRows(client: pg.ClientBase, account: string, { table, key, rows }: StoredRows): Promise<number> {
  const values = [account, JSON.stringify(rows)];
  const listed = `jsonb_populate_recordset(null::${table}, $2) s`;
  const { rowCount: removed } = await client.query(
    `update ${table} r set removed_at = now(), changed_at = now()
      where r.account_id = $1 and r.removed_at is null and not exists (select from ${listed} where s.${key} = r.${key})`,
    values,
  );
  const [first] = rows;
  if (first === undefined) return removed ?? 0;
  const others = Object.keys(first).filter((name) => name !== key);
  const of = (row: string) => others.map((name) => `${row}.${name}`).join(', ');
  const { rowCount: stored } = await client.query(
    `insert into ${table} as r (account_id, ${key}, ${others.join(', ')}) select $1, s.${key}, ${of('s')} from ${listed}
     on conflict (account_id, ${key}) do update
        set (${others.join(', ')}) = (${of('excluded')}), removed_at = null, changed_at = now()
      where r.removed_at is not null or (${of('r')}) is distinct from (${of('excluded')})`,
    values,
  );
  return (removed ?? 0) + (stored ?? 0);
}

/** Numbers whose lists prove nothing about them: in two lists, or not in the ledger. */
async function findUnproved(
  client: pg.ClientBase,
  account: string,
  staging: string,
): Promise<{ doubled: number; warnings: string[] }> {
  const doubled = await countWithExamples(client, 'select telephone_number from listed_twice order by 1');
  const strange = await countWithExamples(
    client,
    `select distinct telephone_number from ${staging} s
      where not exists (select from telephone_numbers t
        where t.account_id = $1 and t.telephone_number = s.telephone_number and t.removed_at is null) order by 1`,
    [account],
  );
  const warnings: string[] = [];
  if (doubled.count > 0) {
    warnings.push(
      `Numbers of account ${account} that two locations list: ${describe(doubled)}. They may have moved while the lists were read. ` +
        'Their location, and that of numbers in no list, was not changed; the next run reads the lists again.',
    );
  }
  if (strange.count > 0) {
    warnings.push(
      `Numbers that locations of account ${account} list and the ledger does not have: ${describe(strange)}. They were not stored. ` +
        'If they stay: tn-ledger run sync-inservice-numbers sync-number-details sync-sites.',
    );
  }
  return { doubled: doubled.count, warnings };
}

async function findWithoutLocation(client: pg.ClientBase, account: string): Promise<string[]> {
  const found = await countWithExamples(
    client,
    `select telephone_number from telephone_numbers
      where removed_at is null and status = 'Inservice' and sip_peer_id is null and account_id = $1 order by 1`,
    [account],
  );
  if (found.count === 0) return [];
  return [`Numbers in service on account ${account} that no location lists: ${describe(found)}.`];
}

function describe({ count, examples }: { count: number; examples: readonly Record<string, unknown>[] }): string {
  return `${count}, such as ${examples.map(({ telephone_number }) => telephone_number).join(', ')}`;
}
