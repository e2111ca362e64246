import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { nightly } from '../../jobs/nightly.js';
import { readLogFormat } from '../config.js';
import { disconnectedNumbers } from '../dashboard/resources/disconnected-numbers.js';
import { disconnects } from '../dashboard/resources/disconnects.js';
import { portins } from '../dashboard/resources/portins.js';
import { storageError } from '../database/embedded/storage.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { startSandbox } from '../sandbox/server.js';
import { formatCount, formatTable } from './format.js';
import { runAssign } from './run-assign.js';
import { flatten, runAll, summaryTable } from './run-jobs.js';
import { type ApiSession, withApiSession } from './session.js';

interface Query {
  title: string;
  sql: string;
  /** Indexes of right-aligned columns. */
  right: readonly number[];
}

/** The queries shown after the first run, as a user would run them with `tn-ledger sql`. */
const queries: readonly Query[] = [
  {
    title: 'Numbers by rate center',
    sql: `select state, rate_center, count(*) from telephone_numbers
where removed_at is null group by 1, 2 order by 3 desc, 1, 2 limit 5`,
    right: [2],
  },
  {
    title: 'Numbers in service at the end of each of the last three years',
    sql: `select year_end::date, count(h.telephone_number)
from generate_series(date_trunc('year', now()) - interval '2 years', date_trunc('year', now()), '1 year') as year_end
left join number_status_history h on h.status = 'Inservice' and h.valid_from < year_end
  and (h.valid_to is null or h.valid_to >= year_end)
group by 1 order by 1`,
    right: [1],
  },
  {
    title: 'Stuck port-ins',
    sql: `select order_id, losing_carrier_name, error_code, last_modified_date from ${portins.table}
where upper(status) = 'EXCEPTION' order by last_modified_date limit 5`,
    right: [],
  },
  {
    title: 'The latest disconnects, with their orders',
    sql: `select d.telephone_number, d.disconnected_at, o.customer_order_id, o.user_id
from ${disconnectedNumbers.table} d join ${disconnects.table} o using (account_id, order_id)
order by d.disconnected_at desc, 1 limit 5`,
    right: [],
  },
];

const changesQuery: Query = {
  title: 'Changes in the second run',
  sql: 'select change, count(*) from night_changes group by 1 order by 1',
  right: [1],
};

const unassignedQuery = `select telephone_number from telephone_numbers
where status = 'Inservice' and removed_at is null and assignment_status is null and npa_nxx_x is not null
order by telephone_number limit 300`;

const utilizationQuery: Query = {
  title: 'Utilization of thousands-blocks, as counted for NRUF',
  sql: `select npa_nxx_x, rate_center, state, numbers_received, assigned, aging, available, undeclared, utilization_percent
from nruf_utilization(current_date) order by assigned desc, npa_nxx_x limit 5`,
  right: [3, 4, 5, 6, 7, 8],
};

/** A number with a story: the one that the most kinds of orders name. */
const storyQuery = `select telephone_number from order_numbers group by 1
order by count(distinct order_kind) desc, count(*) desc, 1 limit 1`;

const reportQuery = `select file_name from result_files where kind = 'report' order by created_at desc limit 1`;

/**
 * Starts a sandbox, syncs it twice over HTTP into an embedded database, and shows the loaded data. Then marks some numbers as
 * assigned and counts them for NRUF.
 */
export async function runDemo(numbers: number): Promise<void> {
  const dataDir = resolve(process.env.TN_LEDGER_DATA_DIR ?? './data', 'demo');
  makeFolder(dataDir);
  const sandbox = await startSandbox({ numbers, orders: Math.ceil(numbers / 25), features: Math.ceil(numbers / 250) });
  try {
    const logFormat = readLogFormat({ env: process.env, cwd: process.cwd() });
    const env = {
      ...(logFormat !== undefined && { TN_LEDGER_LOG_FORMAT: logFormat }),
      BANDWIDTH_ACCOUNT_ID: sandbox.accountIds.join(','),
      BANDWIDTH_CLIENT_ID: sandbox.clientId,
      BANDWIDTH_CLIENT_SECRET: sandbox.clientSecret,
      BANDWIDTH_API_URL: sandbox.url,
      BANDWIDTH_TOKEN_URL: sandbox.tokenUrl,
      BANDWIDTH_REQUESTS_PER_MINUTE: '100000',
      TN_LEDGER_DATA_DIR: dataDir,
      TN_LEDGER_LOG_LEVEL: 'warn',
    };
    // The demo's folder has no .env, so that the settings of a real account don't apply.
    await withApiSession({ env, cwd: dataDir }, async (session) => {
      say(`A sandbox of the Bandwidth Dashboard API is serving ${formatCount(numbers)} numbers at ${sandbox.url}.`);
      say(`Starting the embedded PostgreSQL in ${relative(process.cwd(), dataDir) || dataDir} …`);
      const database = await session.database();
      // Every demo starts with an empty ledger. Only demos use this folder.
      await database.pool.query('drop schema if exists tn_ledger cascade');
      await database.pool.query('drop schema if exists tn_ledger_staging cascade');
      say('\nThe first nightly run loads everything.\n');
      if (!(await runNightly(session))) return exitStatus.failed;
      for (const query of queries) await show(session, query);
      const account = sandbox.account(sandbox.accountIds[0] as string);
      account.churn(Math.max(1, Math.round(numbers / 100)));
      account.busyDay(1);
      say('\nThe account changes: numbers are ordered, ported and disconnected. The second run loads the changes.\n');
      if (!(await runNightly(session))) return exitStatus.failed;
      await show(session, changesQuery);
      await assignNumbers(session, dataDir);
      await show(session, utilizationQuery);
      say(await whatNext(session, relative(process.cwd(), dataDir) || dataDir));
      return exitStatus.done satisfies ExitStatus;
    });
  } finally {
    await sandbox.close();
  }
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw storageError(error, `The demo's data folder ${folder} can't be created`);
  }
}

async function runNightly(session: ApiSession): Promise<boolean> {
  const reports = await runAll(session, [nightly], {});
  say(summaryTable(reports));
  const failure = flatten(reports).find(({ error }) => error !== undefined)?.error;
  if (failure !== undefined) throw failure;
  return reports.every(({ result }) => result === 'succeeded');
}

/** Submits a file of numbers without an assignment status, and one line that isn't a telephone number. */
async function assignNumbers(session: ApiSession, dataDir: string): Promise<void> {
  const { pool } = await session.database();
  const { rows } = await pool.query(unassignedQuery);
  const file = join(dataDir, 'customers.csv');
  const lines = ['telephone_number', ...rows.map(({ telephone_number }) => telephone_number), 'not a number'];
  writeFileSync(file, `${lines.join('\n')}\n`);
  say(`\nAn operator marks numbers as assigned: tn-ledger assign ${relative(process.cwd(), file)} --action ASSIGN\n`);
  await runAssign(session, file, { action: 'ASSIGN', again: true, wait: true, timeout: '1m' });
}

async function show(session: ApiSession, { title, sql, right }: Query): Promise<void> {
  const { pool } = await session.database();
  const { fields, rows } = await pool.query({ text: sql, rowMode: 'array' });
  say(`\n${title}:\n`);
  for (const line of sql.split('\n')) say(`  ${line}`);
  say('');
  const texts = rows.map((row: unknown[]) =>
    row.map((value) => (value instanceof Date ? value.toISOString().slice(0, 10) : String(value ?? ''))),
  );
  for (const line of formatTable(
    fields.map(({ name }) => name),
    texts,
    { right },
  ).split('\n'))
    say(`  ${line}`);
}

async function whatNext(session: ApiSession, dataDir: string): Promise<string> {
  const { pool } = await session.database();
  const [story] = (await pool.query(storyQuery)).rows;
  const [report] = (await pool.query(reportQuery)).rows;
  return `
The second run wrote the report ${join(dataDir, 'reports', report.file_name)}

Try these commands next:

  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger sql "select state, count(*) from telephone_numbers group by 1"
  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger number ${story.telephone_number}
  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger status
  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger assignments

To use your own account, copy .env.example to .env, set the account and the credentials, and run:

  npx tn-ledger check
  npx tn-ledger run nightly`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
