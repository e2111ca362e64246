import { createHash } from 'node:crypto';
import { chmod, lstat, mkdir, readFile, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LedgerError } from '../../errors.js';
import { isAbsent, makeSharedFolder, storageError } from './storage.js';

/** Data folder of root's embedded servers: their account usually can't access root's folders. */
export const defaultSystemFolder = '/var/lib/tn-ledger';

/** The folder with all files of one embedded server, always accessible as `postgres` in the data folder. */
export interface Home {
  folder: string;
  /** The cluster itself (PGDATA). */
  data: string;
  /** The server's log files. */
  log: string;
  /** Settings, rewritten at every start. */
  settings: string;
  /** Port and passwords, mode 0600. */
  connection: string;
  /** Serializes starting and stopping. */
  lock: string;
  /** One file per process that uses the server. */
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
 * that `<dataDir>/postgres` links to. The link still works when the data folder is moved.
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

/** The target of `<dataDir>/postgres`, after checking that we own it; undefined if there is none yet. */
async function existingHome(dataDir: string): Promise<string | undefined> {
  const place = join(dataDir, 'postgres');
  const entry = await lstat(place).catch(isAbsent);
  if (entry === undefined) {
    return undefined;
  }
  const folder = await realpath(place).catch(isAbsent);
  if (folder === undefined) {
    throw new LedgerError(
      `The embedded database of ${dataDir} is missing: ${place} links to a folder that does not exist.`,
      {
        hint: `Restore that folder (in a container, keep ${defaultSystemFolder} on a volume too), or remove the link to start with an empty database.`,
      },
    );
  }
  const { uid } = await stat(folder);
  if (process.getuid !== undefined && uid !== process.getuid()) {
    throw new LedgerError(`The embedded database in ${place} belongs to another user (user id ${uid}).`, {
      hint: 'Run tn-ledger as that user (sudo -u …), or set TN_LEDGER_DATA_DIR to your own folder.',
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
      continue; // another data folder, once at this path, was moved and still uses this one
    }
    await mkdir(folder, { recursive: true });
    // The server's account can reach its data and log, but not list the folder.
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
      log(`Reusing the previous database of ${real} in ${folder}. Remove that folder to start with an empty one.`);
    } else {
      log(`Running as root: the embedded database keeps its data in ${folder}. ${join(real, 'postgres')} links there.`);
    }
    return folder;
  }
}
