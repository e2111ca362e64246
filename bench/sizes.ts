import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { formatCount } from '../src/format.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { startPostgres, withFreshDatabase } from '../test/support/postgres.js';
import { type Benchmark, print, timed } from './benchmark.js';
import { type SandboxProcess, startSandboxProcess } from './sandbox-process.js';
import { commandLine } from './setting.js';

const run = promisify(execFile);

interface Setup {
  numbers: number;
  billingRows: number;
  folder: string;
  /** Connected as the superuser, who may run `checkpoint` and `vacuum`. */
  pool: pg.Pool;
  url: string;
  sandbox: SandboxProcess;
}

const billingDays = ['2026-10-01', '2026-10-25'] as const;
const billingDayCount = 25;

/** Those that WAL depends on, as on a server with replicas. The test server never waits for a disk. */
const settings = {
  full_page_writes: true,
  wal_level: 'replica',
  shared_buffers: '256MB',
  maintenance_work_mem: '256MB',
  max_wal_size: '4GB',
  checkpoint_timeout: '15min',
  jit: false,
};

/**
 * The size of an account in the database, on which docs/scale.md is based. Runs a first nightly run, marks all numbers
 * assigned, and runs another nightly run and a quiet one. Then loads a report of call records, twice. Prints what each
 * step costs in time, WAL, temporary files, and memory, and the bytes per row of every table. WAL is that of a server with
 * replicas (`wal_level = replica`), uncompressed, and each step starts with a checkpoint, which makes it larger. The
 * times include no waiting for disks. There is one round, and nothing to compare it with.
 */
export const sizes: Benchmark = {
  name: 'sizes',
  size: 100_000,
  unit: 'numbers',
  measure: async ({ size }) => {
    await measure(size, size * 5);
    return [];
  },
};

async function measure(numbers: number, billingRows: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const server = await startPostgres({ settings });
  const { url, superuserUrl } = await withFreshDatabase(server);
  const pool = new pg.Pool({ connectionString: superuserUrl, max: 1 });
  const sandbox = await startSandboxProcess({
    numbers,
    billing: { rowsPerDay: Math.ceil(billingRows / billingDayCount) },
  });
  const setup = { folder, pool, url, sandbox, numbers, billingRows };
  try {
    const { rows } = await pool.query(`select current_setting('server_version') as version`);
    print(
      `Sizes with ${formatCount(numbers)} numbers and ${formatCount(billingRows)} call records, PostgreSQL ${rows[0].version} …`,
    );
    await step(setup, 'migrate', ['migrate']);
    await step(setup, 'first run', ['run', 'nightly']);
    const file = await writeNumbers(setup);
    await step(setup, 'assignment of all numbers in service', ['assign', file, '--action', 'ASSIGN']);
    await step(setup, 'run after it', ['run', 'nightly']);
    await step(setup, 'quiet run', ['run', 'nightly']);
    const [from, to] = billingDays;
    const report = ['billing', '--type', 'BDR', '--from', from, '--to', to];
    await step(setup, 'billing report', report, 'row');
    await step(setup, 'billing report that replaces it', report, 'row');
    await printTables(pool);
  } finally {
    sandbox.stop();
    await pool.end();
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Runs a command and prints what it cost. */
async function step(setup: Setup, what: string, args: readonly string[], per: 'number' | 'row' = 'number') {
  const { pool, url, sandbox, folder, numbers, billingRows } = setup;
  await pool.query('checkpoint');
  await sandbox.clearRequests();
  const before = await serverCounters(pool);
  let stderr = '';
  const { seconds } = await timed(async () => {
    const result = await run(process.execPath, ['--import', printPeak, commandLine, ...args], {
      env: {
        ...process.env,
        ...sandbox.env,
        DATABASE_URL: url,
        TN_LEDGER_DATA_DIR: join(folder, 'work'),
        TN_LEDGER_LOG_LEVEL: 'error',
        BANDWIDTH_REQUESTS_PER_MINUTE: '1000000',
        // Reports are measured apart from the nightly runs.
        TN_LEDGER_BILLING_TYPES: '',
      },
      maxBuffer: 1e8,
    });
    stderr = result.stderr;
  });
  const after = await serverCounters(pool);
  const requests = (await sandbox.requests()).length;
  const wal = after.wal - before.wal;
  print(
    `${what}: ${seconds.toFixed(1)} s, ${formatCount(requests)} requests, ${megabytes(wal)} of WAL ` +
      `(${(wal / (per === 'row' ? billingRows : numbers)).toFixed(0)} bytes per ${per}), ${megabytes(after.temporary - before.temporary)} of temporary files, ` +
      `peak memory ${megabytes(peakIn(stderr))}`,
  );
}

async function serverCounters(pool: pg.Pool): Promise<{ wal: number; temporary: number }> {
  const { rows } = await pool.query(
    `select pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::float8 as wal, temp_bytes::float8 as temporary
       from pg_stat_database where datname = current_database()`,
  );
  return rows[0];
}

async function writeNumbers({ pool, folder }: Setup): Promise<string> {
  const { rows } = await pool.query(
    `select telephone_number from tn_ledger.telephone_numbers where npa is not null and status = 'Inservice' order by 1`,
  );
  const file = join(folder, 'numbers.csv');
  await writeFile(file, ['telephone_number', ...rows.map((row) => row.telephone_number), ''].join('\n'));
  return file;
}

/** Partitions count as part of their table. */
async function printTables(pool: pg.Pool): Promise<void> {
  await pool.query('vacuum analyze');
  const { rows: tables } = await pool.query<{ name: string; heap: number; indexes: number }>(
    `select c.relname as name, sum(pg_table_size(t.relid))::float8 as heap, sum(pg_indexes_size(t.relid))::float8 as indexes
       from pg_class c cross join lateral pg_partition_tree(c.oid) t
      where c.relnamespace = 'tn_ledger'::regnamespace and c.relkind = 'p'
      group by 1
     union all
     select c.relname, pg_table_size(c.oid)::float8, pg_indexes_size(c.oid)::float8
       from pg_class c
      where c.relnamespace = 'tn_ledger'::regnamespace and c.relkind = 'r' and not c.relispartition`,
  );
  print('table: rows, bytes per row of the table and of its indexes, megabytes of both');
  let total = 0;
  for (const { name, heap, indexes } of tables.sort((a, b) => b.heap + b.indexes - a.heap - a.indexes)) {
    total += heap + indexes;
    const { rows } = await pool.query(`select count(*)::float8 as rows from tn_ledger."${name}"`);
    const [{ rows: held }] = rows as [{ rows: number }];
    if (held === 0) continue;
    const perRow = (bytes: number) => (bytes / held).toFixed(0);
    print(
      `${name}: ${formatCount(held)} rows, ${perRow(heap)} + ${perRow(indexes)} bytes, ${megabytes(heap + indexes)}`,
    );
  }
  print(`all tables: ${megabytes(total)}`);
}

const megabytes = (bytes: number) => `${(bytes / 1e6).toFixed(1)} MB`;
