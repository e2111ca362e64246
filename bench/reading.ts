import { createReadStream, createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import type { Database } from '../src/database/connect.js';
import { migrate } from '../src/database/migrations.js';
import { dayOf } from '../src/days.js';
import { type Benchmark, type Comparison, compete, type Scope, timed } from './benchmark.js';
import { account, fillLedger, writeNumbersInUse } from './fill-ledger.js';
import { type Setting, withDatabase } from './setting.js';

/**
 * The commands that read a whole ledger: `reconcile` with a file of as many lines as there are numbers, `report`, `audit`, and `number` for
 * one number. The floor is the least that any program must do for `reconcile`: PostgreSQL's own COPY of the file, and one join.
 */
export const reading: Benchmark = {
  name: 'reading',
  size: 1_000_000,
  unit: 'numbers',
  measure: (scope) => withDatabase((setting) => measure(scope, setting)),
};

async function measure(scope: Scope, { database, command, folder }: Setting): Promise<Comparison[]> {
  const { pool } = database;
  await migrate(database);
  await fill(database, scope.size);
  const file = join(folder, 'numbers-in-use.csv');
  const written = createWriteStream(file);
  await writeNumbersInUse(pool, scope.size, written);
  written.end();
  await finished(written);
  const { rows } = await pool.query(
    'select telephone_number as number from telephone_numbers order by hashtext(telephone_number) limit 1',
  );
  const commands = [
    ['reconcile', file],
    ['report', '--out', join(folder, 'report.html'), '--force'],
    ['audit', '--as-of', dayOf(new Date())],
    ['number', rows[0].number],
  ] as const;
  const comparisons: Comparison[] = [];
  for (const args of commands) {
    comparisons.push(
      await compete(scope, {
        work: `tn-ledger ${args[0]}`,
        ours: { run: () => command(args) },
        ...(args[0] === 'reconcile' && { floor: { run: () => timed(() => copyAndJoin(pool, file)) } }),
      }),
    );
  }
  return comparisons;
}

/** On one connection: the ledger is filled with the help of temporary tables. */
async function fill({ pool }: Database, numbers: number): Promise<void> {
  const client = await pool.connect();
  try {
    await fillLedger(client, numbers);
  } finally {
    client.release();
  }
}

/** The floor of `reconcile`: COPY reads the file, and one hash join compares it with the inventory. No spelling is read. */
async function copyAndJoin(pool: pg.Pool, file: string): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query(
      `begin; set local work_mem = '192MB'; create temp table listed (number text collate "C", customer text) on commit drop`,
    );
    await pipeline(createReadStream(file), client.query(copyFrom('copy listed from stdin (format csv, header)')));
    await client.query(
      `select count(l.number) as listed, count(t.telephone_number) as held, count(*) filter (where t.assignment_status = 'ASSIGNED') as assigned
         from listed l full join (select telephone_number, assignment_status from telephone_numbers where account_id = $1) t
           on t.telephone_number = l.number`,
      [account],
    );
    await client.query('commit');
  } finally {
    client.release();
  }
}
