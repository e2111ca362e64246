import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join, relative, sep } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { type Action, parseAction } from './action.js';

/** Folders of the data folder: where files are handed in, and where they end up. */
export const inboxFolder = 'inbox';
export const doneFolder = 'done';
export const failedFolder = 'failed';
/** Where results go of files that are not in the inbox. */
export const outboxFolder = 'outbox';

/** A file that was modified more recently may still be being written. */
const settledAfterMs = 10_000;

/** A file that was handed in. */
export interface InboxFile {
  path: string;
  name: string;
  /** By the folder that it is in; lines of the file may say otherwise. */
  action: Action | undefined;
  /** Tells the file from one that replaced it since. */
  mark: string;
}

export interface Inbox {
  /** In the order of their names. */
  files: InboxFile[];
  /** Files that may still be being written. */
  waiting: string[];
  /** Files of which nobody can tell which of several accounts they belong to. */
  unowned: string[];
}

/**
 * Looks what was handed in for an account. A file belongs to the account that its folder below the inbox is named after
 * (`inbox/9900008/assign/`), and anywhere else to the only account that is configured.
 */
export async function readInbox(
  dataDir: string,
  account: string,
  accounts: readonly string[],
  now = Date.now(),
): Promise<Inbox> {
  const root = join(dataDir, inboxFolder);
  const inbox: Inbox = { files: [], waiting: [], unowned: [] };
  try {
    for (const action of ['assign', 'unassign']) await mkdir(join(root, action), { recursive: true });
    for (const entry of await readdir(root, { recursive: true, withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const path = join(entry.parentPath, entry.name);
      // Hidden files are those of the system, and of programs that write under another name first.
      if (
        relative(root, path)
          .split(sep)
          .some((part) => part.startsWith('.'))
      )
        continue;
      await sortIn(inbox, root, path, { account, accounts, now });
    }
  } catch (error) {
    if (error instanceof LedgerError) throw error;
    throw new LedgerError(`The inbox ${root} can't be read: ${messageOf(error)}.`, {
      hint: 'Let the user that runs tn-ledger read it, and move files out of it.',
      cause: error,
    });
  }
  inbox.files.sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path));
  return inbox;
}

async function sortIn(
  inbox: Inbox,
  root: string,
  path: string,
  { account, accounts, now }: { account: string; accounts: readonly string[]; now: number },
): Promise<void> {
  const folders = relative(root, path).split(sep).slice(0, -1);
  const owner = accounts.find((id) => id === folders[0]);
  if (owner === undefined && accounts.length > 1) {
    inbox.unowned.push(path);
    return;
  }
  if ((owner ?? account) !== account) return;
  const facts = await stat(path).catch(() => undefined);
  // It was taken away since, or is no file.
  if (facts === undefined || !facts.isFile()) return;
  const name = basename(path);
  if (/\.(part|tmp)$/i.test(name) || Math.abs(now - facts.mtimeMs) < settledAfterMs) {
    inbox.waiting.push(path);
    return;
  }
  const action = folders.map(folderAction).findLast((each) => each !== undefined);
  inbox.files.push({ path, name, action, mark: markOf(facts) });
}

function folderAction(folder: string): Action | undefined {
  return /^(un)?assign$/i.test(folder) ? parseAction(folder) : undefined;
}

function markOf({ ino, size, mtimeMs }: { ino: number; size: number; mtimeMs: number }): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** By code units: the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** What a moved file's name, and those of its results, begin with: `20261121T114056Z`. */
export function timeStamp(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}

/**
 * Moves a file out of the inbox. It is the last thing that is done with one: whatever ends the program before it, the file is found
 * in the inbox again, and its batch says that it was sent. Nothing is overwritten. A file that was replaced meanwhile stays.
 */
export async function moveOut(file: InboxFile, folder: string, stamp: string): Promise<'moved' | 'replaced'> {
  const facts = await stat(file.path).catch(() => undefined);
  if (facts === undefined || markOf(facts) !== file.mark) return 'replaced';
  await mkdir(folder, { recursive: true });
  const target = await freeName(folder, `${stamp}-${file.name}`);
  try {
    await rename(file.path, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Another file system: the copy is whole before it has its name, and has it before the file goes.
    await copyFile(file.path, `${target}.part`);
    await rename(`${target}.part`, target);
    await rm(file.path);
  }
  return 'moved';
}

/** Writes why a file was not taken, beside where it is moved to. */
export async function writeReason(file: InboxFile, folder: string, stamp: string, reason: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${stamp}-${basename(file.name, extname(file.name))}.error.txt`), `${reason}\n`);
}

async function freeName(folder: string, name: string): Promise<string> {
  const taken = new Set(await readdir(folder));
  const extension = extname(name);
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${basename(name, extension)}-${count}${extension}`;
    if (!taken.has(candidate)) return join(folder, candidate);
  }
}
