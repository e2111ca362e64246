import { isUtf8 } from 'node:buffer';
import { type FileHandle, lstat, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, extname, join, relative, sep } from 'node:path';
import { LedgerError, messageOf } from '../errors.js';
import { writeWhole } from '../output-file.js';
import { type Action, parseAction } from './action.js';
import { distrust, openInboxFile, type TrustedUsers } from './inbox-entry.js';
import { readChunks } from './text-file.js';

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
  /** The path as the file system has it: names need not be UTF-8. */
  rawPath: Buffer;
  name: string;
  /** What is wrong with its name, as the end of a sentence: `name` then is one that can be written anywhere. */
  misnamed: string | undefined;
  /** By the folder that it is in; lines of the file may say otherwise. */
  action: Action | undefined;
  /** Tells the file from one that replaced it since. */
  mark: string;
  /** Opens it without following any link; see `openInboxFile`. */
  open(): Promise<FileHandle>;
}

export interface Inbox {
  /** In the order of their names. */
  files: InboxFile[];
  /** Files that may still be being written. */
  waiting: string[];
  /** Files of which nobody can tell which of several accounts they belong to. */
  unowned: string[];
  /** Files and folders that this user may not look at, each with the reason. */
  closed: { path: string; reason: string }[];
  /** Entries that might lead to somebody else's file, each with the reason; see `distrust`. */
  untrusted: { path: string; reason: string }[];
}

export interface InboxOptions {
  /** All that are configured. */
  accounts: readonly string[];
  trusted: TrustedUsers;
  now?: number;
}

/**
 * Looks what was handed in for an account. A file belongs to the account that its folder below the inbox is named after
 * (`inbox/9900008/assign/`), and anywhere else to the only account that is configured.
 */
export async function readInbox(
  dataDir: string,
  account: string,
  { accounts, trusted, now = Date.now() }: InboxOptions,
): Promise<Inbox> {
  const root = join(dataDir, inboxFolder);
  const inbox: Inbox = { files: [], waiting: [], unowned: [], closed: [], untrusted: [] };
  try {
    for (const action of ['assign', 'unassign']) await mkdir(join(root, action), { recursive: true });
    await readdir(root);
  } catch (error) {
    throw new LedgerError(`The inbox ${root} can't be read: ${messageOf(error)}.`, {
      hint: 'Let the user that runs tn-ledger read it, and move files out of it.',
      cause: error,
    });
  }
  for await (const rawPath of filesBelow(root, inbox))
    await sortIn(inbox, root, rawPath, { account, accounts, trusted, now });
  inbox.files.sort((a, b) => compare(a.name, b.name) || compare(a.path, b.path));
  return inbox;
}

/** The files of a folder and those below it. Hidden ones are those of the system, and of programs that write under another name first. */
async function* filesBelow(folder: string, inbox: Inbox): AsyncGenerator<Buffer> {
  const reading = readdir(folder, { withFileTypes: true, encoding: 'buffer' });
  for (const entry of await unlessClosed(inbox, folder, reading, [])) {
    const path = join(folder, entry.name.toString());
    if (basename(path).startsWith('.')) continue;
    if (!entry.isDirectory()) yield Buffer.concat([Buffer.from(join(folder, sep)), entry.name]);
    else if (isUtf8(entry.name)) yield* filesBelow(path, inbox);
    else inbox.untrusted.push({ path, reason: 'the name of the folder is not UTF-8' });
  }
}

/** What was looked for at a path; `missing` where it is gone, or not open to this user, which is noted. */
async function unlessClosed<T>(inbox: Inbox, path: string, looking: Promise<T>, missing: T): Promise<T> {
  try {
    return await looking;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') inbox.closed.push({ path, reason: code ?? messageOf(error) });
    return missing;
  }
}

async function sortIn(
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
  const facts = await unlessClosed(inbox, path, lstat(rawPath), undefined);
  // It was taken away since.
  if (facts === undefined) return;
  const reason = distrust(facts, trusted);
  if (reason !== undefined) {
    inbox.untrusted.push({ path, reason });
    return;
  }
  const name = basename(path);
  if (/\.(part|tmp)$/i.test(name) || Math.abs(now - facts.mtimeMs) < settledAfterMs) {
    inbox.waiting.push(path);
    return;
  }
  const action = folders.map(folderAction).findLast((each) => each !== undefined);
  const open = () => openInboxFile(root, path, trusted);
  const misnamed = whyMisnamed(rawPath, name);
  inbox.files.push({
    path,
    rawPath,
    name: misnamed === undefined ? name : writableName(name),
    misnamed,
    action,
    mark: markOf(facts),
    open,
  });
}

/** File systems allow 255; the names of results are longer than the file's. */
const longestNameBytes = 200;

function whyMisnamed(rawPath: Buffer, name: string): string | undefined {
  if (!isUtf8(rawPath)) return 'has a name that is not UTF-8';
  const bytes = Buffer.byteLength(name);
  if (bytes > longestNameBytes) return `has a name of ${bytes} bytes, and results have room for ${longestNameBytes}`;
  return undefined;
}

/** A short name like the file's own, in ASCII. */
function writableName(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_');
  const extension = extname(ascii).slice(0, 20);
  return `${basename(ascii, extname(ascii)).slice(0, 80)}${extension}`;
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

/** A path in a folder under which nothing is there yet, for a file that is moved to it: `20261121T114056Z-numbers.csv`. */
export async function freePath(folder: string, stamp: string, file: InboxFile): Promise<string> {
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
 * Moves a file out of the inbox. It is the last thing that is done with one: whatever ends the program before it, the file is found
 * in the inbox again, and its batch says that it was sent. A file that was replaced meanwhile stays.
 */
export async function moveOut(file: InboxFile, target: string): Promise<'moved' | 'replaced'> {
  const facts = await lstat(file.rawPath).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  if (facts === undefined || markOf(facts) !== file.mark) return 'replaced';
  try {
    // A link that took the file's place since is moved as a link.
    await rename(file.rawPath, target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    // Another file system: the copy is whole before it has its name, and has it before the file goes.
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

/** Where the reason is written for which a file was rejected: beside the file. */
export function reasonPath(target: string): string {
  return join(dirname(target), `${basename(target, extname(target))}.error.txt`);
}

/**
 * Moves a rejected file out of the inbox, with a text beside it that says why and what to do. The text is there before the file is,
 * so that no rejected file is ever without one; where the file stays, the text goes.
 */
export async function moveRejected(file: InboxFile, target: string, text: string): Promise<'moved' | 'replaced'> {
  const beside = reasonPath(target);
  let outcome: 'moved' | 'replaced' | undefined;
  try {
    await writeWhole(beside, text);
    outcome = await moveOut(file, target);
    return outcome;
  } finally {
    if (outcome !== 'moved') await rm(beside, { force: true }).catch(() => undefined);
  }
}
