import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoggedRequest } from '../src/sandbox/server.js';
import { type Benchmark, type Comparison, compete, type Scope, timed } from './benchmark.js';
import type { SandboxProcess } from './sandbox-process.js';
import { type Setting, withSandbox } from './setting.js';

const run = promisify(execFile);

/** The nightly jobs that read numbers. The other jobs have no equivalent in plain tools. */
const numberJobs = ['run', 'sync-inservice-numbers', 'sync-number-details'];

/** Columns that the API provides. The comparison does not load generated columns and columns that tn-ledger adds. */
const columns =
  'account_id, telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name, in_service_date, last_modified, raw';

/**
 * The first run of an account and one in which nothing changed. The floor is `curl` for the same pages, with one connection and no
 * parsing, plus `psql \copy` of the same numbers into a bare table with the same key (first run) or into a staging table (second run).
 * Requires `curl` and `psql` on the PATH.
 */
export const numbers: Benchmark = {
  name: 'numbers',
  size: 1_000_000,
  unit: 'numbers',
  measure: (scope) => withSandbox({ numbers: scope.size }, (setting, sandbox) => measure(scope, setting, sandbox)),
};

async function measure(scope: Scope, setting: Setting, sandbox: SandboxProcess): Promise<Comparison[]> {
  const { database, command, psql, emptyLedger } = setting;
  await sandbox.clearRequests();
  await command(numberJobs, sandbox.env);
  const pages = (await sandbox.requests()).filter(({ method, query }) => method === 'GET' && 'page' in query);
  const csv = join(setting.folder, 'numbers.csv');
  await psql('-c', `\\copy (select ${columns} from tn_ledger.telephone_numbers) to '${csv}' (format csv)`);
  const { rows } = await database.pool.query('select count(*)::int as held from telephone_numbers');
  const [{ held }] = rows as [{ held: number }];

  const like = `as select ${columns} from tn_ledger.telephone_numbers limit 0`;
  const createTable = (name: string, key: string) =>
    psql(
      '-c',
      `drop table if exists ${name}; create table ${name} ${like}; alter table ${name} add primary key (${key})`,
    );
  const curlConfig = join(setting.folder, 'curl.cfg');
  // The token of the first round may have expired.
  const writePages = async () => writeFile(curlConfig, curlConfiguration(pages, sandbox.origin, await sandbox.token()));
  const fetchAndCopy = () =>
    timed(async () => {
      await run('curl', ['-sS', '-f', '-K', curlConfig], { maxBuffer: 1e8 });
      await psql('-c', `\\copy public.bench_numbers (${columns}) from '${csv}' (format csv)`);
    });
  const rival = async (mode: 'first' | 'again') => {
    const token = await sandbox.token();
    const output = await setting.rival('numbers', [mode], { ...sandbox.env, BENCH_TOKEN: token });
    const { rows: counted } = await database.pool.query('select count(*)::int as held from public.rival_numbers');
    if (counted[0].held !== held) throw new Error(`The rival has ${counted[0].held} numbers, tn-ledger ${held}.`);
    return output;
  };

  const first = await compete(scope, {
    work: 'first run',
    goals: { floor: 2, rival: 3 },
    ours: { prepare: emptyLedger, run: () => command(numberJobs, sandbox.env) },
    floor: {
      prepare: async () => {
        await writePages();
        await createTable('public.bench_numbers', 'account_id, telephone_number');
      },
      run: fetchAndCopy,
    },
    rival: {
      prepare: () => createTable('public.rival_numbers', 'account_id, telephone_number'),
      run: () => rival('first'),
    },
  });
  const second = await compete(scope, {
    work: 'second run, nothing changed',
    goals: { floor: 2 },
    ours: {
      run: async () => {
        const output = await command(numberJobs, sandbox.env);
        await checkUnchanged(setting);
        return output;
      },
    },
    floor: {
      prepare: async () => {
        await writePages();
        await psql(
          '-c',
          `drop table if exists public.bench_numbers; create unlogged table public.bench_numbers ${like}`,
        );
      },
      run: fetchAndCopy,
    },
    rival: { run: () => rival('again') },
  });
  return [first, second];
}

async function checkUnchanged({ database }: Setting): Promise<void> {
  const { rows } = await database.pool.query(
    'select job, rows_written::int as written from sync_runs order by run_id desc limit 2',
  );
  if (rows.some(({ written }) => written !== 0)) throw new Error(`A second run wrote rows: ${JSON.stringify(rows)}`);
}

/** The pages that the run read: one process, one connection, no output. */
function curlConfiguration(pages: readonly LoggedRequest[], origin: string, token: string): string {
  const urls = pages.flatMap(({ path, query }) => [
    `url = "${origin}${path}?${new URLSearchParams(query)}"`,
    'output = "/dev/null"',
  ]);
  return [`header = "Authorization: Bearer ${token}"`, ...urls, ''].join('\n');
}
