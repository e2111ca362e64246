import { resolve } from 'node:path';
import { writeNextBackup } from '../backup/keep-backups.js';
import type { Manifest } from '../backup/manifest.js';
import { writeBackup } from '../backup/write-backup.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { formatCount } from './format.js';
import { printResult } from './print-result.js';
import { createProgress } from './progress.js';
import type { Session } from './session.js';

/** Writes a backup, and prints where it is and what it contains. */
export async function runBackup(
  session: Session,
  dir: string | undefined,
  { json = false }: { json?: boolean },
): Promise<ExitStatus> {
  const { config, signal } = session;
  const { folder: parent, keep } = config.backups;
  if (dir === '') throw new UsageError('The folder is empty text.', { hint: 'Name the folder to create.' });
  if (dir === undefined && parent === undefined) {
    throw new UsageError('No folder was given, and TN_LEDGER_BACKUP_DIR is not set. Nothing was written.', {
      hint: 'Name the folder to create: tn-ledger backup DIR.',
    });
  }
  // An earlier schema is backed up as it is: before an upgrade, the backup must be of what was there.
  const database = await session.database({ toleratesReadOnly: true });
  const written = await showProgress(
    session,
    { job: 'backup', folder: dir ?? (parent as string) },
    async (onProgress) => {
      const options = { signal, onProgress };
      if (dir === undefined) return writeNextBackup(database, parent as string, { ...options, keep });
      const folder = resolve(dir);
      return { folder, manifest: await writeBackup(database, folder, options), removed: [] };
    },
  );
  const { folder, manifest, removed } = written;
  const text = [describeBackup(written), ...removed.map((old) => `Removed ${old}.`)].join('\n');
  printResult(json ? JSON.stringify({ folder, ...totalsOf(manifest), removed }, null, 2) : text, { json });
  return exitStatus.done;
}

/** `Backed up 1,234 rows of 40 tables to /backups/x (0.1 MB).` */
export function describeBackup({ folder, manifest }: { folder: string; manifest: Manifest }): string {
  const { tables, rows, bytes } = totalsOf(manifest);
  return `Backed up ${formatCount(rows)} rows of ${tables} tables to ${folder} (${(bytes / 1e6).toFixed(1)} MB).`;
}

export function totalsOf({ tables, created_at, program }: Manifest) {
  const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
  return {
    ...{ created_at, program, tables: tables.length },
    rows: sum(tables.map(({ rows }) => rows)),
    bytes: sum(tables.map(({ bytes }) => bytes)),
  };
}

/** Shows the current table while a backup is written or restored. */
export async function showProgress<T>(
  { logFormat, printMessage, statusLine }: Session,
  run: { job: string; folder: string },
  work: (onProgress: (table: string, bytes: number) => void) => Promise<T>,
): Promise<T> {
  const display = createProgress({
    stream: process.stderr,
    // Under JSON, everything on standard error is a line of the log.
    bar: process.stderr.isTTY && logFormat === 'pretty',
    printLine: (text, { job }) => printMessage('info', text, { job }),
    statusLine,
  });
  const progress = display.start({ job: run.job, account: run.folder });
  try {
    return await work((table, bytes) => progress.step?.({ text: table, done: { count: bytes, unit: 'bytes' } }));
  } finally {
    progress.stop();
  }
}
