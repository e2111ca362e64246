/**
 * Writes the backup of a released schema that upgrades.slow.test.ts restores: run it once per release that has new migrations, with
 * that release's code, after a build: `node dist/test/upgrades/make-backup.js`.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { writeBackup } from '../../src/backup/write-backup.js';
import { migrationNames, rollbackOne } from '../../src/database/migrations.js';
import { fillLedger, night } from '../backup/support/full-ledger.js';
import { startPostgres } from '../support/postgres.js';

/** The last migration of the release; of this version by default. */
const last = process.argv[2] ?? (migrationNames.at(-1) as string);
const folder = join(fileURLToPath(new URL('../../../test/upgrades/', import.meta.url)), last);

const teardowns: (() => unknown)[] = [];
const check = (isTrue: boolean, text: string) => {
  if (!isTrue) throw new Error(text);
};
const context = {
  teardown: (action: () => unknown) => teardowns.unshift(action),
  is: (one: unknown, other: unknown, text = '') => check(one === other, `${one} is not ${other} ${text}`),
  false: (isTrue: boolean, text = '') => check(!isTrue, text),
  notRegex: (text: string, pattern: RegExp) => check(!pattern.test(text), text),
} as unknown as ExecutionContext;

const server = await startPostgres();
try {
  const ledger = await fillLedger(context, server);
  // Reads what became of the assignment order, which no other sandbox has.
  await night(context, ledger);
  while ((await rollbackOne(ledger.database)) !== migrationNames[migrationNames.indexOf(last) + 1]);
  await rm(folder, { recursive: true, force: true });
  await writeBackup(ledger.database, folder, { signal: new AbortController().signal });
  process.stdout.write(`${folder}\n`);
} finally {
  for (const action of teardowns) await action();
  await server.stop();
}
