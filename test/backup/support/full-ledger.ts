import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Database } from '../../../src/database/connect.js';
import type { SandboxOptions } from '../../../src/sandbox/server.js';
import { cli } from '../../end-to-end/support.js';
import type { TestServer } from '../../support/postgres.js';
import { account, type Ledger, openLedger } from '../../sync/support/ledger.js';

/** Amounts of a small account with orders of every kind. */
export const smallAccount = {
  numbers: 60,
  seed: 5,
  ...{ orders: 12, disconnects: 6, portins: 6, portouts: 2, assignments: 6 },
} satisfies SandboxOptions;

/** The first day of the reports' records, and the day of the filing: fixed, as the sandbox's clock is. */
const filedDay = '2025-06-30';
export const sandboxStart = new Date('2026-11-20T07:00:00Z');

/**
 * A ledger with something of everything that a backup must keep: two nightly runs with changes in between, billing records, a
 * submitted file with its results, categories, and a filing.
 */
export async function fillLedger(
  t: ExecutionContext<unknown>,
  server: TestServer,
  { churn = 10, ...sandbox }: SandboxOptions & { churn?: number } = smallAccount,
): Promise<Ledger> {
  const ledger = await openLedger(t, server, {
    sandbox: { now: sandboxStart, ...sandbox, billing: { rowsPerDay: 20, ...sandbox.billing } },
    billing: { types: ['BDR'] },
  });
  await night(t, ledger);
  ledger.sandbox.account(account).churn(churn, 1);
  const [first, second, third] = await ledger.query<{ number: string }>(
    `select telephone_number as number from telephone_numbers
      where status = 'Inservice' and removed_at is null and npa is not null order by telephone_number desc limit 3`,
  );
  const folder = ledger.dataDir;
  await writeFile(join(folder, 'assign.csv'), `telephone_number\n${first?.number}\n${second?.number}\n5551234567\n`);
  await writeFile(join(folder, 'reserve.csv'), `telephone_number\n${third?.number}\n`);
  const filed = ['--as-of', filedDay, '--form', 'u4', '--allow-gaps', '--out', 'filing.csv'];
  for (const args of [
    ['submit', 'assign.csv', '--action', 'ASSIGN', '--allow-rejects'],
    ['classify', 'reserve.csv', '--category', 'administrative', '--from', '2025-05-01'],
    ['nruf', ...filed],
  ]) {
    const { status, output } = await cli(t, args, { env: ledger.env, cwd: folder });
    // One of the submitted lines is rejected.
    t.is(status, args[0] === 'submit' ? 3 : 0, output);
  }
  await night(t, ledger);
  return ledger;
}

/** Runs nightly, and returns how many rows it wrote. */
export async function night(
  t: ExecutionContext<unknown>,
  ledger: Ledger,
  database: Database = ledger.database,
): Promise<number> {
  const report = await ledger.run('nightly', {
    database,
    assignmentReport: { schedule: 'weekly' },
    numberHistoriesPerNight: 25,
  });
  t.is(report.result, 'succeeded', report.error?.message);
  return report.counts.rowsWritten;
}
