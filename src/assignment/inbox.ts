import { isUtf8 } from 'node:buffer';
import { type FileHandle, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { readChunks } from '../number-file/text-file.js';
import { writeWhole } from '../output-file.js';
import { type Action, parseAction } from './action.js';
import { openInboxFile, type TrustedUsers, untrustedReason } from './inbox-entry.js';

/** Subfolders of the data folder: where files are submitted, and where they end up. */
export const inboxFolder = 'inbox';
export const doneFolder = 'done';
export const failedFolder = 'failed';
/** Where the results of files outside the inbox go. */
export const outboxFolder = 'outbox';

/** A file modified more recently than this may still be being written. */
const minFileAgeMs = 10_000;

/** A submitted file. */
export interface InboxFile {
  path: string;
  /** The path as stored in the file system: names need not be UTF-8. */
  rawPath: Buffer;
  name: string;
  /** What is wrong with its name, as the end of a sentence; `name` is then a safe substitute. */
  nameProblem: string | undefined;
  /** The action of its folder; lines of the file may override it. */
  action: Action | undefined;
  /** Its folder is for lists of numbers in use. */
  reconcile: { prune: boolean } | undefined;
  /** Changes if another file replaces this one. */
  version: string;
  /** Opens the file without following links; see `openInboxFile`. */
  open(): Promise<FileHandle>;
}

export interface Inbox {
  /** Sorted by name. */
  files: InboxFile[];
  /** Files that may still be being written. */
  waiting: string[];
  /** Files whose account is ambiguous because several accounts are configured. */
  unowned: string[];
  /** Files and folders that this user can't read, each with the reason. */
  unreadable: { path: string; reason: string }[];
  /** Entries that might lead to another user's file, each with the reason; see `untrustedReason`. */
  untrusted: { path: string; reason: string }[];
}

export interface InboxOptions {
  /** All configured accounts. */
  accounts: readonly string[];
  trusted: TrustedUsers;
  now?: number;
}

/**
 * Lists the files submitted for an account. A file belongs to the account whose folder it is in
 * (`inbox/9900008/assign/`); in any other folder, it belongs to the only configured account.
 */
export async function readInbox(
  dataDir: string,
  account: string,
  { accounts, trusted, now = Date.now() }: InboxOptions,
): Promise<Inbox> {
  const root = join(dataDir, inboxFolder);
  const inbox: Inbox = { files: [], waiting: [], unowned: [], unreadable: [], untrusted: [] };
  try {
    // Not the one that marks numbers UNASSIGNED because they are missing from a file: somebody makes it on purpose.
    for (const folder of ['assign', 'unassign', 'reconcile']) await mkdir(join(root, folder), { recursive: true });
    await readdir(root);
  } catch (error) {
    throw new LedgerError(`The inbox ${root} can't be read: ${messageOf(error)}.`, {
      hint: 'Let the user that runs tn-ledger read it and move files out of it.',
      cause: error,
    });
  }
  for await (const rawPath of filesBelow(root, inbox))
    await addEntry(inbox, root, rawPath, { account, accounts, trusted, now });
  inbox.files.sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path));
  return inbox;
}

/**
 * Yields the files of a folder and its subfolders. Skips hidden files: they belong to the system, or to programs
 * that write under a temporary name.
 */
async function* filesBelow(folder: string, inbox: Inbox): AsyncGenerator<Buffer> {
  const reading = readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  for (const entry of await unlessUnreadable(inbox, folder, reading, [])) {
    const path = join(folder, entry.name.toString());
    if (basename(path).startsWith('.')) continue;
    if (!entry.isDirectory()) yield Buffer.concat([Buffer.from(join(folder, sep)), entry.name]);
    else if (isUtf8(entry.name)) yield* filesBelow(path, inbox);
    else inbox.untrusted.push({ path, reason: "the folder name isn't UTF-8" });
  }
}

/**
 * Returns what the lookup finds; `missing` if the entry is gone, or if this user can't read it, which is noted in
 * the inbox.
 */
async function unlessUnreadable<T>(inbox: Inbox, path: string, lookup: Promise<T>, missing: T): Promise<T> {
  try {
    return await lookup;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') inbox.unreadable.push({ path, reason: code ?? messageOf(error) });
    return missing;
  }
}

async function addEntry(
  inbox: Inbox,
  root: string,
  rawPath: Buffer,
  { account, accounts, trusted, now }: Required<InboxOptions> & { account: string },
): Promise<void> {
  const path = rawPath.toString();
  const folders = relative(root, path).split(sep).slice(0, -1);
  const owner = accounts.find((id) => id === folders[0]);
  if (owner === undefined && accounts.length > 1) {
    inbox.unowned.push(path);
    return;
  }
  if ((owner ?? account) !== account) return;
  const facts = await unlessUnreadable(inbox, path, lstat(rawPath), undefined);
  // The file was removed in the meantime.
  if (facts === undefined) return;
  const reason = untrustedReason(facts, trusted);
  if (reason !== undefined) {
    inbox.untrusted.push({ path, reason });
    return;
  }
  const name = basename(path);
  if (/\.(part|tmp)$/i.test(name) || Math.abs(now - facts.mtimeMs) < minFileAgeMs) {
    inbox.waiting.push(path);
    return;
  }
  const task = folders.map(folderTask).findLast((each) => each !== undefined);
  const open = () => openInboxFile(root, path, trusted);
  const nameProblem = whyMisnamed(rawPath, name);
  inbox.files.push({
    path,
    rawPath,
    name: nameProblem === undefined ? name : writableName(name),
    nameProblem,
    action: task?.action,
    reconcile: task?.reconcile,
    version: versionOf(facts),
    open,
  });
}

/** File systems allow 255 bytes; result names are longer than the file's own. */
export const maxNameBytes = 200;

function whyMisnamed(rawPath: Buffer, name: string): string | undefined {
  if (!isUtf8(rawPath)) return "has a name that isn't UTF-8";
  const bytes = Buffer.byteLength(name);
  if (bytes > maxNameBytes)
    return `has a name of ${bytes} bytes, more than the ${maxNameBytes} that leave room for the result names`;
  return undefined;
}

/** Returns a short ASCII name similar to the file's own. */
function writableName(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_');
  const extension = extname(ascii).slice(0, 20);
  return `${basename(ascii, extname(ascii)).slice(0, 80)}${extension}`;
}

/** What a folder of this name is for; of several, the innermost one counts. */
function folderTask(folder: string): Pick<InboxFile, 'action' | 'reconcile'> | undefined {
  if (/^(un)?assign$/i.test(folder)) return { action: parseAction(folder), reconcile: undefined };
  const prune = /^reconcile(-prune)?$/i.exec(folder);
  return prune === null ? undefined : { action: undefined, reconcile: { prune: prune[1] !== undefined } };
}

function versionOf({ ino, size, mtimeMs }: { ino: number; size: number; mtimeMs: number }): string {
  return `${ino} ${size} ${mtimeMs}`;
}

/** Compares by code units, for the same order on every machine. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** A time in a file name: `20261121T114056Z`. */
export function timeStamp(time: Date): string {
  return time.toISOString().replace(/[-:]|\.\d+/g, '');
}

/** Returns an unused path in a folder for a file that is moved there: `20261121T114056Z-numbers.csv`. */
export async function unusedPath(folder: string, stamp: string, file: InboxFile): Promise<string> {
  await mkdir(folder, { recursive: true });
  const taken = new Set(await readdir(folder));
  const name = `${stamp}-${file.name}`;
  const extension = extname(name);
  for (let count = 1; ; count += 1) {
    const candidate = count === 1 ? name : `${basename(name, extension)}-${count}${extension}`;
    if (!taken.has(candidate)) return join(folder, candidate);
  }
}

/**
 * Moves a file out of the inbox. This is always the last step: if the program ends before it, the next run finds
 * the file in the inbox, and its batch shows that it was sent. A file that was replaced in the meantime stays.
 */
export async function moveFromInbox(file: InboxFile, target: string): Promise<'moved' | 'replaced'> {
  const facts = await lstat(file.rawPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (facts === undefined || versionOf(facts) !== file.version) return 'replaced';
  try {
    // If a link has replaced the file since, the link itself is moved.
    await rename(file.rawPath, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // On another file system: the copy is complete before it gets its name, and only then is the original removed.
    await writeWhole(target, async (copy) => {
      const source = await file.open();
      try {
        for await (const chunk of readChunks({ path: file.path, handle: source })) await copy.appendFile(chunk);
      } finally {
        await source.close();
      }
    });
    await rm(file.rawPath);
  }
  return 'moved';
}

/** The path of the text that explains why a file was rejected, next to the file. */
export function reasonPath(target: string): string {
  return join(dirname(target), `${basename(target, extname(target))}.error.txt`);
}

/**
 * Moves a rejected file out of the inbox, with a text next to it that says why and what to do. The text is written
 * first, so that no rejected file is ever without one; if the file stays in the inbox, the text is removed.
 */
export async function moveRejected(file: InboxFile, target: string, text: string): Promise<'moved' | 'replaced'> {
  const textPath = reasonPath(target);
  let outcome: 'moved' | 'replaced' | undefined;
  try {
    await writeWhole(textPath, text);
    outcome = await moveFromInbox(file, target);
    return outcome;
  } finally {
    if (outcome !== 'moved') await rm(textPath, { force: true }).catch(() => undefined);
  }
}
