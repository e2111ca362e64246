import { execFile, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/connect.js';
import { recordsCsv } from '../src/sandbox/billing/records.js';
import { zip } from '../src/sandbox/billing/zip.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { commandLine } from './sandbox-process.js';
import { median, psqlEnvironment, timed } from './support.js';

const run = promisify(execFile);

const days = 25;
const ledgerColumns = ['account_id', 'report_id', 'file_name'];

/**
 * Loads an archive of call records with `tn-ledger billing --file`, compared with `unzip -p archive.zip | psql -c "copy
 * … from stdin"` of the same archive on the same server, into a plain table with the same columns, and into one with
 * the columns of the file only. The loads run in turn and are compared per round. Requires `unzip` and `psql` on the
 * PATH.
 */
export async function benchBilling({ rows, rounds }: { rows: number; rounds: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  try {
    const archive = join(folder, 'archive.zip');
    const csvBytes = await writeArchive(archive, Math.ceil(rows / days));
    const { size } = await stat(archive);
    process.stdout.write(
      `Billing archive of ${rows.toLocaleString('en-US')} rows: ${(csvBytes / 1e9).toFixed(2)} GB of CSV, ${(size / 1e6).toFixed(0)} MB zipped\n`,
    );
    const psql = (...args: string[]) =>
      run('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', ...args], { env: psqlEnvironment(database.url) });
    const environment = {
      ...process.env,
      BANDWIDTH_ACCOUNT_ID: '9900000',
      BANDWIDTH_CLIENT_ID: 'nobody',
      BANDWIDTH_CLIENT_SECRET: 'is-asked',
      DATABASE_URL: database.url,
      TN_LEDGER_DATA_DIR: join(folder, 'work'),
    };
    let peak = 0;
    const load = async () => {
      const args = ['--import', printPeak, commandLine, 'billing', '--file', archive, '--type', 'BDR'];
      const { stderr } = await run(process.execPath, args, { env: environment });
      peak = Math.max(peak, peakIn(stderr));
    };
    // Creates the schema and the table that the others copy.
    await load();
    await database.pool.query('create schema if not exists bench');
    const columns = await fileColumns(database.pool);
    const unzipInto = async (drop: readonly string[]) => {
      await psql(
        '-c',
        'drop table if exists bench.calls',
        '-c',
        'create table bench.calls (like tn_ledger.billing_bdr)',
      );
      for (const column of ledgerColumns) {
        const change = drop.includes(column)
          ? `drop column ${column}`
          : `alter ${column} set default '${defaultOf(column)}'`;
        await psql('-c', `alter table bench.calls ${change}`);
      }
      return timed(() =>
        unzipToPsql(archive, `copy bench.calls (${columns}) from stdin (format csv, header)`, database.url),
      );
    };
    const sameShape: number[] = [];
    const fewer: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      await database.pool.query('truncate tn_ledger.billing_bdr, tn_ledger.billing_daily');
      await database.pool.query('delete from tn_ledger.billing_reports');
      await database.pool.query('checkpoint').catch(() => undefined);
      const seconds = await timed(load);
      const same = await unzipInto([]);
      const bare = await unzipInto(ledgerColumns);
      sameShape.push(seconds / same);
      fewer.push(seconds / bare);
      process.stdout.write(
        `round ${round}: tn-ledger ${seconds.toFixed(1)} s; unzip and psql into a table with the same columns ${same.toFixed(1)} s, with the columns of the file only ${bare.toFixed(1)} s\n`,
      );
    }
    process.stdout.write(
      `median ratio: ${median(sameShape).toFixed(2)} with the same columns, ${median(fewer).toFixed(2)} with the columns of the file only; ` +
        `peak memory ${(peak / 1e6).toFixed(0)} MB, ${((peak - size) / 1e6).toFixed(0)} MB more than the archive\n`,
    );
  } finally {
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}

/** Writes the archive and returns the size of its CSV. */
async function writeArchive(path: string, rowsPerDay: number): Promise<number> {
  let bytes = 0;
  const from = Date.UTC(2026, 9, 1);
  const options = { seed: 1, account: '9900000', type: 'BDR', from, to: from + (days - 1) * 86_400_000, rowsPerDay };
  function* counted(): Generator<Buffer> {
    for (const chunk of recordsCsv(options)) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  await pipeline(zip([{ name: 'BDR-2026-10-01-2026-10-25.csv', content: counted() }]), createWriteStream(path));
  return bytes;
}

async function fileColumns(pool: { query(sql: string): Promise<{ rows: { columns: string }[] }> }): Promise<string> {
  const { rows } = await pool.query(
    `select string_agg(quote_ident(column_name), ', ' order by place) as columns from (
       select column_name, case column_name when 'call_start_date_time' then 5.5 else ordinal_position end as place
         from information_schema.columns
        where table_schema = 'tn_ledger' and table_name = 'billing_bdr'
          and column_name not in ('account_id', 'report_id', 'file_name')) as c`,
  );
  return rows[0]?.columns ?? '';
}

function defaultOf(column: string): string {
  if (column === 'account_id') return '9900000';
  return column === 'report_id' ? 'file-0123456789abcdef0123456789abcdef-bdr' : 'BDR-2026-10-01-2026-10-25.csv';
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
