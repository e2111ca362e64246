import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { checkBackup, restoreBackup } from '../../src/backup/restore.js';
import { openDatabase } from '../../src/database/connect.js';
import { migrationNames, readSchemaState } from '../../src/database/migrations.js';
import { night, sandboxStart, smallAccount } from '../backup/support/full-ledger.js';
import { type LedgerDatabase, makeEmptyDatabase, makeFolder, sandboxLines } from '../end-to-end/support.js';
import { onlyIf } from '../support/only-if.js';
import { installedPostgres, startPostgres, type TestServer } from '../support/postgres.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** A folder per released schema with its backup, named after its last migration; see make-backup.ts. */
const folder = fileURLToPath(new URL('../../../test/upgrades/', import.meta.url));
const released = readdirSync(folder).filter((name) => migrationNames.includes(name));

test('every folder is the backup of a schema that this version knows', async (t) => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  t.deepEqual(
    folders.map(({ name }) => name),
    released,
  );
  for (const name of released) {
    const { migrations } = await checkBackup(join(folder, name), new AbortController().signal);
    t.is(migrations.at(-1), name);
  }
});

const fifteen = installedPostgres(15);
for (const name of released) {
  onlyIf(
    test,
    fifteen !== undefined,
    'needs PostgreSQL 15',
  )(
    `a ledger with the schema of ${name} is upgraded on PostgreSQL 15 and 18, and a nightly run finds the same changes`,
    async (t) => {
      const older = await startPostgres({ binDir: fifteen });
      t.teardown(older.stop);
      const contents: string[][] = [];
      for (const server of [older, t.context.server]) {
        const now = new Date(sandboxStart.getTime() + 86_400_000);
        // Without billing: a second sandbox gives its first report the ID of the first one's.
        const ledger = await openLedger(t, server, { sandbox: { ...smallAccount, now } });
        for (const seed of [1, 2]) ledger.sandbox.account(account).churn(10, seed);
        contents.push(await upgrade(t, ledger, await makeEmptyDatabase(t, server), join(folder, name)));
      }
      const [onOlder = [], onNewer = []] = contents;
      t.true(onOlder.length > 100);
      t.deepEqual(
        onOlder.filter((row) => !onNewer.includes(row)),
        onNewer.filter((row) => !onOlder.includes(row)),
      );
      t.is(onOlder.length, onNewer.length);
    },
  );
}

/** Restores, upgrades, and syncs a ledger; returns what is in it then. */
async function upgrade(
  t: ExecutionContext<{ server: TestServer }>,
  ledger: Ledger,
  empty: LedgerDatabase,
  backup: string,
): Promise<string[]> {
  const database = await openDatabase({
    ...{ databaseUrl: empty.url, dataDir: await makeFolder(t), applicationName: 'test', log: () => undefined },
  });
  t.teardown(() => database.close());
  const { signal } = new AbortController();
  t.deepEqual(await restoreBackup(database, backup, await checkBackup(backup, signal), { signal }), []);
  t.deepEqual((await readSchemaState(database)).pending, []);
  t.true((await night(t, ledger, database)) > 0);
  t.is(await night(t, ledger, database), 0);
  t.deepEqual(
    (
      await empty.query(
        `select telephone_number, status, rate_center, vendor_id, tier from tn_ledger.telephone_numbers where removed_at is null`,
      )
    )
      .map((row) => Object.values(row).join('|'))
      .sort(),
    sandboxLines(ledger.sandbox, account),
  );
  t.deepEqual(
    await empty.query(
      'select sha256 = encode(sha256(content), $$hex$$) as intact, row_count > 0 as counted from tn_ledger.nruf_filings',
    ),
    [{ intact: true, counted: true }],
  );
  return contentsOf(empty);
}

/** Tables whose rows depend on when the test ran. */
const leftOut = /^(sync_|result_|knex_|repeatable_|upkeep_|nruf_(intervals|places|change_notes))/;

/** The sandbox dates what is complete before this day, and open orders by its clock. */
const recent = new Date('2026-01-01T00:00:00Z');

/** Every row as text, without times that the clock of the test determines. */
async function contentsOf({ query }: LedgerDatabase): Promise<string[]> {
  const tables = await query<{ name: string; times: string[] }>(
    `select relname::text as name,
            array(select attname::text from pg_attribute where attrelid = c.oid and atttypid = 'timestamptz'::regtype and not attisdropped) as times
       from pg_class c where relnamespace = 'tn_ledger'::regnamespace and relkind in ('r', 'p') and not relispartition`,
  );
  const contents: string[] = [];
  for (const { name, times } of tables) {
    if (leftOut.test(name)) continue;
    const rows = await query<{ row: Record<string, unknown> }>(`select to_jsonb(t) as row from tn_ledger.${name} t`);
    for (const { row } of rows) {
      for (const column of times) {
        if (typeof row[column] === 'string' && new Date(row[column]) >= recent) row[column] = 'during the test';
      }
      contents.push(`${name} ${JSON.stringify(row)}`);
    }
  }
  return contents;
}
