import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError } from '../../errors.js';
import { isAbsent, makeSharedFolder, storageError } from './storage.js';

/** Where root's embedded servers have their data: the account they run under can't be expected to get into root's folders. */
export const defaultSystemFolder = '/var/lib/tn-ledger';

/** The folder that holds everything of one embedded server: always reached as `postgres` in the data folder. */
export interface Home {
  folder: string;
  /** The cluster itself (PGDATA). */
  data: string;
  /** The server's log files. */
  log: string;
  /** Settings, written by us at every start. */
  settings: string;
  /** Port and passwords, mode 0600. */
  connection: string;
  /** Serialises starting and stopping. */
  lock: string;
  /** A file for every process that uses the server. */
  users: string;
}

export interface HomeOptions {
  /** Absolute path of the data folder. */
  dataDir: string;
  systemFolder: string;
  log: (message: string) => void;
}

/**
 * Finds or creates the server's folder: `<dataDir>/postgres` itself, or for root a folder below `/var/lib/tn-ledger`
 * that `<dataDir>/postgres` links to, so that the link remembers it when the data folder is moved.
 */
export async function openHome(options: HomeOptions): Promise<Home> {
  const { dataDir } = options;
  try {
    await mkdir(dataDir, { recursive: true });
    const root = process.getuid?.() === 0;
    const folder = (await existingHome(dataDir)) ?? (await (root ? createForRoot(options) : createOwn(dataDir)));
    return {
      folder,
      data: join(folder, 'data'),
      log: join(folder, 'log'),
      settings: join(folder, 'postgresql.conf'),
      connection: join(folder, 'connection.json'),
      lock: join(folder, 'lock'),
      users: join(folder, 'users'),
    };
  } catch (error) {
    throw storageError(error, `The data folder ${dataDir} can't be used`);
  }
}

/** The folder behind `<dataDir>/postgres`, once it is known to be ours; undefined: there is none yet. */
async function existingHome(dataDir: string): Promise<string | undefined> {
  const place = join(dataDir, 'postgres');
  const entry = await lstat(place).catch(isAbsent);
  if (entry === undefined) {
    return undefined;
  }
  const folder = await realpath(place).catch(isAbsent);
  if (folder === undefined) {
    throw new LedgerError(
      `The embedded database of ${dataDir} is gone: ${place} links to a folder that does not exist.`,
      {
        hint: `Bring that folder back (in a container, keep ${defaultSystemFolder} on a volume too), or remove the link to begin with an empty database.`,
      },
    );
  }
  const { uid } = await stat(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new LedgerError(`The embedded database in ${place} belongs to another user (user id ${uid}).`, {
      hint: 'Run tn-ledger as that user (sudo -u …), or set TN_LEDGER_DATA_DIR to a folder of your own.',
    });
  }
  const owner = join(folder, 'data-folder');
  const [known, real] = await Promise.all([readFile(owner, 'utf8').catch(isAbsent), realpath(dataDir)]);
  if (known !== undefined && known.trim() !== real) {
    await writeFile(owner, `${real}\n`); // the data folder was moved
  }
  return folder;
}

async function createOwn(dataDir: string): Promise<string> {
  const folder = join(await realpath(dataDir), 'postgres');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return folder;
}

async function createForRoot({ dataDir, systemFolder, log }: HomeOptions): Promise<string> {
  const real = await realpath(dataDir);
  const hash = createHash('sha256').update(real).digest('hex').slice(0, 8);
  const name = `${real
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(-48)}-${hash}`;
  await makeSharedFolder(systemFolder);
  for (let number = 1; ; number += 1) {
    const folder = join(systemFolder, number === 1 ? name : `${name}-${number}`);
    const owner = await readFile(join(folder, 'data-folder'), 'utf8').catch(isAbsent);
    if (owner !== undefined && owner.trim() !== real) {
      continue; // the data folder that once was here moved away and took this one along
    }
    await mkdir(folder, { recursive: true });
    // The server's account passes through to its data and log, and sees nothing else.
    await chmod(folder, 0o711);
    await writeFile(join(folder, 'data-folder'), `${real}\n`, { mode: 0o600 });
    try {
      await symlink(folder, join(real, 'postgres'));
    } catch (error) {
      const winner = (error as NodeJS.ErrnoException).code === 'EEXIST' ? await existingHome(dataDir) : undefined;
      if (winner === undefined) {
        throw error;
      }
      return winner;
    }
    if (owner !== undefined) {
      log(
        `Going on with the database that ${real} had before, in ${folder}; remove that folder to begin with an empty one.`,
      );
    } else {
      log(`As root, the embedded database has its data in ${folder}; ${join(real, 'postgres')} links there.`);
    }
    return folder;
  }
}
