import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openDatabase } from '../src/database/connect.js';
import type { LoggedRequest } from '../src/sandbox/server.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { commandLine, type SandboxProcess, startSandboxProcess } from './sandbox-process.js';
import { median, psqlEnvironment, timed } from './support.js';

const run = promisify(execFile);

/** The nightly jobs that read numbers. The other jobs have no equivalent in plain tools. */
const numberJobs = ['sync-inservice-numbers', 'sync-number-details'];

/** Columns that the API provides. The comparison does not load generated columns and columns that tn-ledger adds. */
const columns =
  'account_id, telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name, in_service_date, last_modified, raw';

/**
 * The first run of an account, compared with the same work in plain tools: `curl` for the same pages, with one
 * connection and no parsing, plus `psql \copy` of the same numbers on the same server, into a bare table with the same
 * key, and into one with everything that telephone_numbers has. They run in turn and are compared per round. Requires
 * `curl` and `psql` on the PATH.
 */
export async function benchFirstRun({ numbers, rounds }: { numbers: number; rounds: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const database = await openDatabase({
    dataDir: join(folder, 'data'),
    applicationName: 'tn-ledger bench',
    log: () => undefined,
  });
  const sandbox = await startSandboxProcess({ numbers });
  try {
    const environment = {
      ...process.env,
      ...sandbox.env,
      DATABASE_URL: database.url,
      BANDWIDTH_REQUESTS_PER_MINUTE: '1000000',
    };
    const emptyLedger = () => database.pool.query('drop schema if exists tn_ledger cascade');
    const firstRun = async () => {
      await emptyLedger();
      return timed(() =>
        run(process.execPath, [commandLine, 'run', ...numberJobs], { env: environment, maxBuffer: 1e8 }),
      );
    };

    process.stdout.write(
      `First run of ${numbers.toLocaleString('en-US')} numbers; the warm-up collects the pages to fetch …\n`,
    );
    await fetch(`${sandbox.admin}/requests`, { method: 'DELETE' });
    await firstRun();
    const curlConfig = join(folder, 'curl.cfg');
    await writeFile(curlConfig, await describePages(sandbox));
    const csv = join(folder, 'numbers.csv');
    const psql = (...args: string[]) =>
      run('psql', ['-q', '-X', '-v', 'ON_ERROR_STOP=1', ...args], { env: psqlEnvironment(database.url) });
    await psql('-c', `\\copy (select ${columns} from tn_ledger.telephone_numbers) to '${csv}' (format csv)`);

    const copyInto = async (definition: string) => {
      await psql('-c', 'drop table if exists public.bench_numbers', '-c', definition);
      return timed(() => psql('-c', `\\copy public.bench_numbers (${columns}) from '${csv}' (format csv)`));
    };
    const sameKey: number[] = [];
    const sameTable: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      const runSeconds = await firstRun();
      const curl = await timed(() => run('curl', ['-sS', '-f', '-K', curlConfig], { maxBuffer: 1e8 }));
      const intoKey = await copyInto(
        `create table public.bench_numbers as select ${columns} from tn_ledger.telephone_numbers limit 0;
         alter table public.bench_numbers add primary key (account_id, telephone_number)`,
      );
      const intoTable = await copyInto(
        'create table public.bench_numbers (like tn_ledger.telephone_numbers including all)',
      );
      sameKey.push(runSeconds / (curl + intoKey));
      sameTable.push(runSeconds / (curl + intoTable));
      process.stdout.write(
        `round ${round}: first run ${runSeconds.toFixed(1)} s; curl ${curl.toFixed(1)} s, \\copy into a bare table with the same key ` +
          `${intoKey.toFixed(1)} s, into one like telephone_numbers ${intoTable.toFixed(1)} s\n`,
      );
    }
    process.stdout.write(
      `median ratio of the first run to curl and \\copy: ${median(sameKey).toFixed(2)} with the bare table, ` +
        `${median(sameTable).toFixed(2)} with one like telephone_numbers\n`,
    );
    await psql('-c', 'drop table if exists public.bench_numbers');
    await emptyLedger();
  } finally {
    sandbox.stop();
    await database.close();
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true });
  }
}

/** The pages that the run read, as a curl configuration: one process, one connection, no output. */
async function describePages({ admin, origin, token }: SandboxProcess): Promise<string> {
  const requests = (await (await fetch(`${admin}/requests`)).json()) as LoggedRequest[];
  const pages = requests.filter(({ method, query }) => method === 'GET' && 'page' in query);
  const lines = [`header = "Authorization: Bearer ${await token()}"`];
  for (const { path, query } of pages) {
    lines.push(`url = "${origin}${path}?${new URLSearchParams(query)}"`, 'output = "/dev/null"');
  }
  return `${lines.join('\n')}\n`;
}
