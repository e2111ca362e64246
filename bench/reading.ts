import { execFile } from 'node:child_process';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { type Database, openDatabase } from '../src/database/connect.js';
import { migrate } from '../src/database/migrations.js';
import { dayOf } from '../src/days.js';
import { peakIn, printPeak } from '../test/support/peak-memory.js';
import { removeDataFolder } from '../test/support/postgres.js';
import { account, fillLedger, writeNumbersInUse } from './fill-ledger.js';
import { commandLine } from './sandbox-process.js';
import { median, timed } from './support.js';

const run = promisify(execFile);

/**
 * The commands that read a whole ledger: `reconcile` with a file of as many lines as there are numbers, `report`, `audit`, and `number` for
 * one number. Each is a process of its own, as a user starts it; the times include Node.js's start. Compares `reconcile` with the least that
 * any program must do: PostgreSQL's own COPY of the file, and one join.
 */
export async function benchReading({ numbers, rounds }: { numbers: number; rounds: number }): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-bench-'));
  const dataDir = join(folder, 'data');
  const database = await openDatabase({ dataDir, applicationName: 'tn-ledger bench', log: () => undefined });
  try {
    await migrate(database);
    print(`Reading a ledger of ${numbers.toLocaleString('en-US')} numbers; filling it …`);
    print(`filled in ${(await timed(() => fill(database, numbers))).toFixed(0)} s`);
    const file = join(folder, 'numbers-in-use.csv');
    const written = createWriteStream(file);
    await writeNumbersInUse(database.pool, numbers, written);
    written.end();
    await finished(written);
    await measure(database, { dataDir, file, rounds });
  } finally {
    await database.close();
    await removeDataFolder(dataDir);
    await rm(folder, { recursive: true, force: true });
  }
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

interface Measured {
  dataDir: string;
  file: string;
  rounds: number;
}

async function measure({ url, pool }: Database, { dataDir, file, rounds }: Measured): Promise<void> {
  const command = async (...args: string[]) => {
    let stderr = '';
    const seconds = await timed(async () => {
      const env = { ...process.env, DATABASE_URL: url, TN_LEDGER_DATA_DIR: dataDir, TN_LEDGER_LOG_LEVEL: 'error' };
      stderr = await run(process.execPath, ['--import', printPeak, commandLine, ...args], { env, maxBuffer: 1e8 }).then(
        (output) => output.stderr,
        // Some of the lines are rejected.
        (failure) => {
          if (failure.code === 3) return failure.stderr;
          throw failure;
        },
      );
    });
    return { seconds, megabytes: peakIn(stderr) / 1024 ** 2 };
  };
  const { rows } = await pool.query(
    'select telephone_number as number from telephone_numbers order by hashtext(telephone_number) limit 1',
  );
  const commands = {
    reconcile: ['reconcile', file],
    report: ['report', '--out', join(dataDir, 'report.html'), '--force'],
    audit: ['audit', '--as-of', dayOf(new Date())],
    number: ['number', rows[0].number],
    '--version': ['--version'],
  };
  const floors: number[] = [];
  const measured = new Map<string, { seconds: number; megabytes: number }[]>();
  // The first round finds less of the tables in the cache.
  for (let round = 0; round <= rounds; round += 1) {
    const floor = await timed(() => copyAndJoin(pool, file));
    const results = [];
    for (const [name, args] of Object.entries(commands)) results.push({ name, ...(await command(...args)) });
    const each = results.map(
      ({ name, seconds, megabytes }) => `${name} ${seconds.toFixed(2)} s (${megabytes.toFixed(0)} MB)`,
    );
    print(`${round === 0 ? 'warming up' : `round ${round}`}: COPY and join ${floor.toFixed(2)} s, ${each.join(', ')}`);
    if (round === 0) continue;
    floors.push(floor);
    for (const { name, ...result } of results) measured.set(name, [...(measured.get(name) ?? []), result]);
  }
  for (const [name, results] of measured) {
    const seconds = results.map((result) => result.seconds);
    const ratio = median(seconds.map((each, index) => each / (floors[index] as number)));
    print(
      `${name}: median ${median(seconds).toFixed(2)} s, ${ratio.toFixed(2)} times COPY and join, ` +
        `peak memory ${Math.max(...results.map(({ megabytes }) => megabytes)).toFixed(0)} MB`,
    );
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

const print = (line: string) => void process.stdout.write(`${line}\n`);
