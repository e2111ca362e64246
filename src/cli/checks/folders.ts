import { accessSync, constants, existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { doneFolder, failedFolder, inboxFolder, outboxFolder } from '../../assignment/inbox.js';
import { LedgerError, messageOf } from '../../errors.js';
import { ok, type Verdict, warning } from './report.js';

const fix = 'Give its user the right to write, or set TN_LEDGER_DATA_DIR to another folder.';

/** The folder itself, or the nearest one above it that exists. */
export function nearestFolder(folder: string): string {
  let nearest = folder;
  while (!existsSync(nearest)) nearest = dirname(nearest);
  return nearest;
}

/** The folder itself may be still to be made: then the nearest one above it must be writable. */
export function checkDataFolder(dataDir: string): Verdict {
  const folder = nearestFolder(dataDir);
  if (!statSync(folder).isDirectory()) {
    throw new LedgerError(`${dataDir} cannot be a folder: ${folder} is a file.`, {
      hint: 'Remove the file, or set TN_LEDGER_DATA_DIR to another folder.',
    });
  }
  if (!isWritable(folder)) throw new LedgerError(`${folder} cannot be written.`, { hint: fix });
  return ok(dataDir);
}

/** Folders that jobs write to and move files out of; those that don't exist yet are made when needed. */
export function checkFolders(dataDir: string): Verdict {
  const written = ['downloads', 'reports', outboxFolder].map((name) => join(dataDir, name));
  const folders = [...written, ...foldersBelow(join(dataDir, inboxFolder))].filter((folder) => existsSync(folder));
  const files = folders.filter((folder) => !statSync(folder).isDirectory());
  if (files.length > 0) {
    throw new LedgerError(`${files.join(', ')} must be a folder and is a file.`, { hint: 'Move the file away.' });
  }
  const closed = folders.filter((folder) => !isWritable(folder));
  if (closed.length > 0) throw new LedgerError(`${closed.join(', ')} cannot be written.`, { hint: fix });
  const names = [inboxFolder, outboxFolder, 'downloads', 'reports'].join(', ');
  return ok(folders.length === 0 ? `${names} are made when needed` : `${names} can be written`);
}

/** Files that more users may read or write than `TN_LEDGER_FILE_MODE` says: those of earlier versions, or copied there. */
export function checkFileModes(dataDir: string, fileMode: number): Verdict {
  // Who may read files may enter their folders.
  const allowed = fileMode | ((fileMode & 0o444) >> 2);
  const names = [doneFolder, failedFolder, outboxFolder, 'downloads', 'reports'];
  const roots = names.map((name) => join(dataDir, name)).filter((folder) => existsSync(folder));
  const loose = roots.flatMap(pathsBelow).filter((path) => {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    return facts !== undefined && !facts.isSymbolicLink() && (facts.mode & 0o077 & ~allowed) !== 0;
  });
  if (loose.length === 0) return ok('no wider than TN_LEDGER_FILE_MODE');
  const group = allowed & 0o020 ? 'rwX' : allowed & 0o040 ? 'rX' : '';
  const others = allowed & 0o004 ? 'rX' : '';
  const more = loose.length === 1 ? '' : ` and ${loose.length - 1} more`;
  return warning(
    `${loose[0]}${more}: open to more users than TN_LEDGER_FILE_MODE says; chmod -R g=${group},o=${others} ${roots.join(' ')}`,
  );
}

function pathsBelow(root: string): string[] {
  try {
    return [root, ...readdirSync(root, { recursive: true, encoding: 'utf8' }).map((name) => join(root, name))];
  } catch (error) {
    throw new LedgerError(`${root} cannot be read: ${messageOf(error)}.`, { hint: fix });
  }
}

/** Files in the inbox may lie in folders of accounts and actions, and are moved out of them. */
function foldersBelow(root: string): string[] {
  if (!existsSync(root) || !statSync(root).isDirectory()) return [root];
  try {
    const entries = readdirSync(root, { recursive: true, withFileTypes: true });
    return [root, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(entry.parentPath, entry.name))];
  } catch (error) {
    throw new LedgerError(`${root} cannot be read: ${messageOf(error)}.`, { hint: fix });
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
