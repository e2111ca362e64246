import { accessSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { doneFolder, failedFolder, inboxFolder, outboxFolder } from '../../assignment/inbox.js';
import { LedgerError, messageOf } from '../../errors.js';
import { folderMode } from '../../output-file.js';
import { ok, type Verdict, warning } from './report.js';

const fix = 'Give the user write permission, or set TN_LEDGER_DATA_DIR to another folder.';

/** The folder, or its nearest existing parent. */
export function nearestFolder(folder: string): string {
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  return nearest;
}

/** The folder may not exist yet; then its nearest existing parent must be writable. */
export function checkDataFolder(dataDir: string): Verdict {
  const folder = nearestFolder(dataDir);
  if (!statSync(folder).isDirectory()) {
    throw new LedgerError(`${dataDir} cannot be a folder: ${folder} is a file.`, {
      hint: 'Remove the file, or set TN_LEDGER_DATA_DIR to another folder.',
    });
  }
  if (!isWritable(folder)) throw new LedgerError(`${folder} is not writable.`, { hint: fix });
  return ok(dataDir);
}

/** Folders that jobs write to and move files out of. Missing ones are created when needed. */
export function checkFolders(dataDir: string): Verdict {
  const written = ['downloads', 'reports', outboxFolder].map((name) => join(dataDir, name));
  const folders = [...written, ...foldersBelow(join(dataDir, inboxFolder))].filter((folder) => existsSync(folder));
  const files = folders.filter((folder) => !statSync(folder).isDirectory());
  if (files.length > 0) {
    throw new LedgerError(`${files.join(', ')} must be a folder, but is a file.`, { hint: 'Move the file elsewhere.' });
  }
  const closed = folders.filter((folder) => !isWritable(folder));
  if (closed.length > 0) throw new LedgerError(`${closed.join(', ')} is not writable.`, { hint: fix });
  const names = [inboxFolder, outboxFolder, 'downloads', 'reports'].join(', ');
  return ok(folders.length === 0 ? `${names} are created when needed` : `${names} are writable`);
}

/** Finds files with wider permissions than `TN_LEDGER_FILE_MODE`, such as from earlier versions or copied manually. */
export function checkFileModes(dataDir: string, fileMode: number): Verdict {
  const allowed = folderMode(fileMode);
  const names = [doneFolder, failedFolder, outboxFolder, 'downloads', 'reports'];
  const roots = names.map((name) => join(dataDir, name)).filter((folder) => existsSync(folder));
  const loose = roots.flatMap(pathsBelow).filter((path) => {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    return facts !== undefined && !facts.isSymbolicLink() && (facts.mode & 0o077 & ~allowed) !== 0;
  });
  const open = embeddedPaths(dataDir).filter((path) => (lstatSync(path).mode & 0o077) !== 0);
  if (open.length > 0) {
    return warning(`${open.join(', ')}: other users can access the embedded database; chmod go= ${open.join(' ')}`);
  }
  if (loose.length === 0) return ok('no wider than TN_LEDGER_FILE_MODE');
  const group = allowed & 0o020 ? 'rwX' : allowed & 0o040 ? 'rX' : '';
  const others = allowed & 0o004 ? 'rX' : '';
  const more = loose.length === 1 ? '' : ` and ${loose.length - 1} more`;
  return warning(
    `${loose[0]}${more}: wider permissions than TN_LEDGER_FILE_MODE; chmod -R g=${group},o=${others} ${roots.join(' ')}`,
  );
}

/** Private files of the embedded database, whatever TN_LEDGER_FILE_MODE is: passwords, settings, locks, data and logs. */
function embeddedPaths(dataDir: string): string[] {
  const names = ['connection.json', 'data', 'lock', 'log', 'postgresql.conf', 'users'];
  return names.map((name) => join(dataDir, 'postgres', name)).filter((path) => existsSync(path));
}

function pathsBelow(root: string): string[] {
  try {
    return [root, ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name))];
  } catch (error) {
    throw new LedgerError(`Cannot read ${root}: ${messageOf(error)}.`, { hint: fix });
  }
}

/** Inbox files can be in subfolders for accounts and actions, and are moved out of them. */
function foldersBelow(root: string): string[] {
  if (!existsSync(root) || !statSync(root).isDirectory()) return [root];
  try {
    const entries = readdirSync(root, { recursive: true, withFileTypes: true });
    return [root, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))];
  } catch (error) {
    throw new LedgerError(`Cannot read ${root}: ${messageOf(error)}.`, { hint: fix });
  }
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
