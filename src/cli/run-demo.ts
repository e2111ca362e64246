import { mkdirSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { nightly } from '../../jobs/nightly.js';
import { storageError } from '../database/embedded/storage.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { startSandbox } from '../sandbox/server.js';
import { formatCount, formatTable } from './format.js';
import { flatten, runAll, summaryTable } from './run-jobs.js';
import { type ApiSession, withApiSession } from './session.js';

/** Questions that the demo asks of its ledger, as a user would with `tn-ledger sql`. */
const questions: readonly { title: string; sql: string; right: readonly number[] }[] = [
  {
    title: 'Numbers by state',
    sql: `select state, count(*) from telephone_numbers
where removed_at is null group by 1 order by 2 desc limit 5`,
    right: [1],
  },
  {
    title: 'The fullest thousands-blocks',
    sql: `select npa_nxx_x, rate_center, state, count(*) from telephone_numbers
where removed_at is null and npa_nxx_x is not null group by 1, 2, 3 order by 4 desc, 1 limit 5`,
    right: [3],
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
];

const changesQuestion = {
  title: 'What the second night changed',
  sql: `select case when removed_at = changed_at then 'left' when first_seen_at = changed_at then 'new' else 'changed' end as change, count(*)
from telephone_numbers where changed_at = (select max(changed_at) from telephone_numbers) group by 1 order by 1`,
  right: [1],
};

/** Serves a sandbox, runs two nights against it over HTTP into an embedded database of the demo's own, and shows what came in. */
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
      say('\nThe account changes: numbers come, go and move. The second night brings in what changed.\n');
      if (!(await runNight(session))) return exitStatus.failed;
      await ask(session, changesQuestion);
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

async function ask(session: ApiSession, { title, sql, right }: (typeof questions)[number]): Promise<void> {
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

With your own account: copy .env.example to .env, fill in the account and the credentials, and then

  npx tn-ledger check
  npx tn-ledger run nightly`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
