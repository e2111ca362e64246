import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { nightly } from '../../jobs/nightly.js';
import { storageError } from '../database/embedded/storage.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { startSandbox } from '../sandbox/server.js';
import { formatCount, formatTable } from './format.js';
import { runAssign } from './run-assign.js';
import { flatten, runAll, summaryTable } from './run-jobs.js';
import { type ApiSession, withApiSession } from './session.js';

interface Question {
  title: string;
  sql: string;
  /** Columns set flush right, by index. */
  right: readonly number[];
}

/** What the demo asks of its ledger after the first night, as a user would with `tn-ledger sql`. */
const questions: readonly Question[] = [
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
    title: 'Port-ins that are stuck',
    sql: `select order_id, losing_carrier_name, error_code, last_modified_date from portins
where status = 'EXCEPTION' order by last_modified_date limit 5`,
    right: [],
  },
  {
    title: 'The latest disconnects, and by whose order',
    sql: `select d.telephone_number, d.disconnected_at, o.customer_order_id, o.user_id
from disconnected_numbers d join disconnects o using (account_id, order_id)
order by d.disconnected_at desc, 1 limit 5`,
    right: [],
  },
];

const changesQuestion: Question = {
  title: 'What the second night changed',
  sql: 'select change, count(*) from night_changes group by 1 order by 1',
  right: [1],
};

const undeclaredQuestion = `select telephone_number from telephone_numbers
where status = 'Inservice' and removed_at is null and assignment_status is null and npa_nxx_x is not null
order by telephone_number limit 300`;

const utilizationQuestion: Question = {
  title: 'How full the thousands-blocks are, as an NRUF filing counts them',
  sql: `select npa_nxx_x, rate_center, state, numbers_received, assigned, aging, available, undeclared, utilization_percent
from nruf_utilization(current_date) order by assigned desc, npa_nxx_x limit 5`,
  right: [3, 4, 5, 6, 7, 8],
};

/**
 * Serves a sandbox, runs two nights against it over HTTP into an embedded database of the demo's own, and shows what came in; then
 * declares some numbers assigned, and counts them as an NRUF filing does.
 */
export async function runDemo(numbers: number): Promise<void> {
  const dataDir = resolve(process.env.TN_LEDGER_DATA_DIR ?? './data', 'demo');
  makeFolder(dataDir);
  const sandbox = await startSandbox({ numbers });
  try {
    const env = {
      BANDWIDTH_ACCOUNT_ID: sandbox.accountIds.join(','),
      BANDWIDTH_CLIENT_ID: sandbox.clientId,
      BANDWIDTH_CLIENT_SECRET: sandbox.clientSecret,
      BANDWIDTH_API_URL: sandbox.url,
      BANDWIDTH_TOKEN_URL: sandbox.tokenUrl,
      BANDWIDTH_REQUESTS_PER_MINUTE: '100000',
      TN_LEDGER_DATA_DIR: dataDir,
      TN_LEDGER_LOG_LEVEL: 'warn',
    };
    // The demo's folder holds no .env: the real account's settings stay out of it.
    await withApiSession({ env, cwd: dataDir }, async (session) => {
      say(`A sandbox of the Bandwidth Dashboard API serves ${formatCount(numbers)} numbers at ${sandbox.url}.`);
      say(`Starting the embedded PostgreSQL in ${relative(process.cwd(), dataDir) || dataDir} …`);
      const database = await session.database();
      // Every demo begins with an empty ledger; the folder is the demo's alone.
      await database.pool.query('drop schema if exists tn_ledger cascade');
      await database.pool.query('drop schema if exists tn_ledger_staging cascade');
      say('\nThe first night: everything comes in.\n');
      if (!(await runNight(session))) return exitStatus.failed;
      for (const question of questions) await ask(session, question);
      const account = sandbox.account(sandbox.accountIds[0] as string);
      account.churn(Math.max(1, Math.round(numbers / 100)));
      account.night(1);
      say(
        '\nThe account changes: numbers are ordered, ported, disconnected. The second night brings in what changed.\n',
      );
      if (!(await runNight(session))) return exitStatus.failed;
      await ask(session, changesQuestion);
      await declareNumbers(session, dataDir);
      await ask(session, utilizationQuestion);
      say(whatNext(relative(process.cwd(), dataDir) || dataDir));
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
    throw storageError(error, `The demo's data folder ${folder} can't be made`);
  }
}

async function runNight(session: ApiSession): Promise<boolean> {
  const reports = await runAll(session, [nightly], {});
  say(summaryTable(reports));
  const failure = flatten(reports).find(({ error }) => error !== undefined)?.error;
  if (failure !== undefined) throw failure;
  return reports.every(({ result }) => result === 'succeeded');
}

/** Hands in a file of numbers that nobody has declared yet, and one line that is no number. */
async function declareNumbers(session: ApiSession, dataDir: string): Promise<void> {
  const { pool } = await session.database();
  const { rows } = await pool.query(undeclaredQuestion);
  const file = join(dataDir, 'customers.csv');
  const lines = ['telephone_number', ...rows.map(({ telephone_number }) => telephone_number), 'not a number'];
  writeFileSync(file, `${lines.join('\n')}\n`);
  say(`\nAn operator declares numbers assigned: tn-ledger assign ${relative(process.cwd(), file)} --action ASSIGN\n`);
  await runAssign(session, file, { action: 'ASSIGN', again: true, wait: true, timeout: '1m' });
}

async function ask(session: ApiSession, { title, sql, right }: Question): Promise<void> {
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

function whatNext(dataDir: string): string {
  return `
What to type next:

  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger sql "select state, count(*) from telephone_numbers group by 1"
  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger status
  TN_LEDGER_DATA_DIR=${dataDir} npx tn-ledger assignments

With your own account: copy .env.example to .env, fill in the account and the credentials, and then

  npx tn-ledger check
  npx tn-ledger run nightly`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
