import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { formatCount } from '../src/format.js';
import { recordsCsv } from '../src/sandbox/billing/records.js';
import { zip } from '../src/sandbox/billing/zip.js';
import { type Benchmark, type Comparison, compete, print, type Scope, timed } from './benchmark.js';
import { psqlEnvironment, type Setting, withDatabase } from './setting.js';

const days = 25;
const csvName = 'BDR-2026-10-01-2026-10-25.csv';
/** The credentials are never used. */
const account = {
  BANDWIDTH_ACCOUNT_ID: '9900000',
  BANDWIDTH_CLIENT_ID: 'nobody',
  BANDWIDTH_CLIENT_SECRET: 'is-asked',
};
/** Columns that tn-ledger adds, with what they are in all rows. */
const ledgerColumns = {
  account_id: account.BANDWIDTH_ACCOUNT_ID,
  report_id: 'file-0123456789abcdef0123456789abcdef-bdr',
  file_name: csvName,
};

/**
 * Loads an archive of call records with `tn-ledger billing --file`. The floor is `unzip -p archive.zip | psql -c "copy … from stdin"` of the
 * same archive on the same server, into a plain table with the same columns. Requires `unzip` and `psql` on the PATH.
 */
export const billing: Benchmark = {
  name: 'billing',
  size: 5_000_000,
  unit: 'records',
  rivalSize: 200_000,
  measure: (scope) => withDatabase(async (setting) => [await measure(scope, setting)]),
};

async function measure(scope: Scope, setting: Setting): Promise<Comparison> {
  const { database, command, rival, psql, folder } = setting;
  const archive = join(folder, 'archive.zip');
  await writeArchive(archive, Math.ceil(scope.size / days));
  print(`archive of ${formatCount(scope.size)} records: ${((await stat(archive)).size / 1e6).toFixed(0)} MB`);
  const load = () => command(['billing', '--file', archive, '--type', 'BDR'], account);
  // Creates the schema and the table that the others copy.
  await load();
  const columns = await fileColumns(setting);
  const createTable = (name: string) =>
    psql('-c', `drop table if exists ${name}; create table ${name} (like tn_ledger.billing_bdr)`);
  const count = async (table: string) =>
    (await database.pool.query(`select count(*)::int as records from ${table}`)).rows[0].records;

  return compete(scope, {
    work: 'archive of call records',
    goals: { floor: 1, rival: 10 },
    ours: {
      prepare: async () => {
        await database.pool.query('truncate tn_ledger.billing_bdr, tn_ledger.billing_daily');
        await database.pool.query('delete from tn_ledger.billing_reports');
      },
      run: load,
    },
    floor: {
      prepare: async () => {
        await createTable('public.bench_calls');
        const defaults = Object.entries(ledgerColumns).map(([name, value]) => `alter ${name} set default '${value}'`);
        await psql('-c', `alter table public.bench_calls ${defaults.join(', ')}`);
      },
      run: () =>
        timed(() =>
          unzipToPsql(archive, `copy public.bench_calls (${columns}) from stdin (format csv, header)`, database.url),
        ),
    },
    rival: {
      prepare: () => createTable('public.rival_calls'),
      run: async () => {
        const output = await rival('billing', [archive], account);
        const [own, rivals] = [await count('tn_ledger.billing_bdr'), await count('public.rival_calls')];
        if (rivals !== own) throw new Error(`The rival has ${rivals} records, tn-ledger ${own}.`);
        return output;
      },
    },
  });
}

function writeArchive(path: string, rowsPerDay: number): Promise<void> {
  const from = Date.UTC(2026, 9, 1);
  const to = from + (days - 1) * 86_400_000;
  const content = recordsCsv({ seed: 1, account: account.BANDWIDTH_ACCOUNT_ID, type: 'BDR', from, to, rowsPerDay });
  return pipeline(zip([{ name: csvName, content }]), createWriteStream(path));
}

/** The columns in the order of the file. */
async function fileColumns({ database }: Setting): Promise<string> {
  const { rows } = await database.pool.query(
    `select string_agg(quote_ident(column_name), ', ' order by place) as columns from (
       select column_name, case column_name when 'call_start_date_time' then 5.5 else ordinal_position end as place
         from information_schema.columns
        where table_schema = 'tn_ledger' and table_name = 'billing_bdr' and column_name <> all($1)) as c`,
    [Object.keys(ledgerColumns)],
  );
  return rows[0].columns;
}

function unzipToPsql(archive: string, copy: string, url: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const unzip = spawn('unzip', ['-p', archive], { stdio: ['ignore', 'pipe', 'inherit'] });
    const psql = spawn('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', '-c', copy], {
      // psql reads the pipe directly, without this process in between.
      stdio: [unzip.stdout, 'ignore', 'inherit'],
      env: { ...psqlEnvironment(url), PGTZ: 'UTC', PGDATESTYLE: 'ISO, YMD' },
    });
    unzip.stdout.destroy();
    psql.once('error', reject);
    psql.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`psql exited with ${code}`))));
  });
}
