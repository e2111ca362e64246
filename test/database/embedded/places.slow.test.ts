import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { accountForServer } from '../../../src/database/embedded/account.js';
import { LedgerError } from '../../../src/errors.js';
import { onlyIf } from '../../support/only-if.js';
import { removeDataFolder } from '../../support/postgres.js';
import { serverTempFolder } from '../../support/temp-folder.js';
import { canMount, isRoot, nobody } from '../support/accounts.js';
import { CommandFailure, startCommand } from '../support/command.js';
import { type Installation, installInto, removeLibraryLinks } from '../support/installation.js';
import { ask, homeOf, joinAt, makeFolder, makePlace, type Place, postmasterOf } from '../support/place.js';

let sharedFolder: Promise<string> | undefined;
let shared: Promise<Installation> | undefined;
test.after.always(async () => {
  if (sharedFolder !== undefined) {
    await rm(await sharedFolder, { recursive: true, force: true });
  }
});

/** An ordinary user: ourselves, or as root nobody, with a data folder of its own, and an installation that it can read. */
async function asOrdinaryUser(
  place: Place,
): Promise<{ installation: Installation; account: typeof nobody | undefined }> {
  sharedFolder ??= mkdtemp(join(serverTempFolder(), 'tn-ledger-installation-'));
  shared ??= sharedFolder.then(installInto);
  const installation = await shared;
  if (!isRoot) {
    return { installation, account: undefined };
  }
  await mkdir(place.dataDir);
  execFileSync('chown', [`${nobody.uid}:${nobody.gid}`, place.dataDir]);
  return { installation, account: nobody };
}

async function failureOf(command: Promise<unknown>): Promise<{ message: string; hint: string }> {
  try {
    await command;
  } catch (error) {
    if (error instanceof CommandFailure && error.saying.name === 'LedgerError') {
      return { message: error.message, hint: error.saying.hint ?? '' };
    }
    throw error;
  }
  throw new Error('it did not fail');
}

test('a regular user’s server is entirely in the data folder, with access for no one else', async (t) => {
  const place = await makePlace(t, 'empty');
  const user = await asOrdinaryUser(place);
  const command = await startCommand({ ...place, ...user });
  t.deepEqual(await ask(command.server, 'SELECT current_user::text AS name'), [{ name: 'tn_ledger' }]);
  await command.leave();
  t.is(await postmasterOf(place), undefined);

  t.false(existsSync(place.systemFolder));
  const home = join(place.dataDir, 'postgres');
  t.false((await lstat(home)).isSymbolicLink());
  for (const name of ['', 'data', 'log', 'lock', 'users']) {
    t.is((await stat(join(home, name))).mode & 0o777, 0o700, name);
  }
  for (const name of ['connection.json', 'start.log']) {
    t.is((await stat(join(home, name))).mode & 0o777, 0o600, name);
  }
  t.false(
    (await readdir(home)).some((name) => name.startsWith('postgresql-')),
    'the programs are used where they lie',
  );
});

test('the server listens only on 127.0.0.1, requires passwords, and keeps committed data', async (t) => {
  const place = await makePlace(t);
  const server = await joinAt(place);
  const settings = await ask<{ name: string; setting: string }>(
    server,
    `SELECT name, setting FROM pg_settings WHERE name IN
       ('listen_addresses', 'fsync', 'full_page_writes', 'synchronous_commit', 'TimeZone', 'autovacuum')`,
  );
  t.deepEqual(Object.fromEntries(settings.map(({ name, setting }) => [name, setting])), {
    listen_addresses: '127.0.0.1',
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    TimeZone: 'UTC',
    autovacuum: 'on',
  });
  t.deepEqual(
    await ask(
      server,
      `SELECT rolsuper, rolcreaterole, pg_encoding_to_char(encoding) AS encoding, datlocale, pg_get_userbyid(datdba) AS owner
       FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`,
    ),
    [{ rolsuper: false, rolcreaterole: true, encoding: 'UTF8', datlocale: 'C.UTF-8', owner: 'tn_ledger' }],
  );
  const rules = (await readFile(join(await homeOf(place), 'data', 'pg_hba.conf'), 'utf8')).split('\n');
  const methods = rules.filter((line) => /^\s*(host|local)/.test(line)).map((line) => line.trim().split(/\s+/).at(-1));
  t.deepEqual([...new Set(methods)], ['scram-sha-256']);
  const pidFile = await readFile(join(await homeOf(place), 'data', 'postmaster.pid'), 'utf8');
  t.is(pidFile.split('\n')[4], '', 'the line of the socket folder');
  await t.throwsAsync(ask({ ...server, password: 'guessed' }, 'SELECT 1'), { code: '28P01' });
  await server.release();

  const home = await homeOf(place);
  for (const file of [
    join(home, 'start.log'),
    ...(await readdir(join(home, 'log'))).map((n) => join(home, 'log', n)),
  ]) {
    t.false((await readFile(file, 'utf8')).includes(server.password), file);
  }
});

test('missing library links of the npm package are created', async (t) => {
  const place = await makePlace(t);
  const installation = await installInto(join(place.base, 'installation'));
  const links = await removeLibraryLinks(installation);
  t.true(links.length > 0);
  const command = await startCommand({ ...place, installation });
  await command.leave();
  t.true(links.every((link) => existsSync(link)));
});

test('a read-only package without library links is copied below the data folder once', async (t) => {
  const place = await makePlace(t, 'empty');
  const installation = await installInto(join(place.base, 'installation'));
  const user = { ...(await asOrdinaryUser(place)), installation };
  const links = await removeLibraryLinks(installation);
  execFileSync('chmod', ['a-w', join(installation.native, 'lib')]);
  t.teardown(() => execFileSync('chmod', ['u+w', join(installation.native, 'lib')]));

  const first = await startCommand({ ...place, ...user });
  t.true(first.messages.some((message) => message.startsWith('Copying PostgreSQL to ')));
  await first.leave();
  const second = await startCommand({ ...place, ...user });
  t.false(second.messages.some((message) => message.startsWith('Copying')));
  await second.leave();
  t.false(existsSync(links[0] as string));
  t.false(existsSync(place.systemFolder));
});

test('a data folder that can’t be created or written is reported with a fix', async (t) => {
  const place = await makePlace(t, 'empty');
  const user = await asOrdinaryUser(place);
  const closed = await makeFolder(join(place.base, 'closed'), 0o555);
  const file = join(place.base, 'file');
  await writeFile(file, '');
  for (const dataDir of [closed, join(closed, 'data'), file, join(file, 'data')]) {
    const { message, hint } = await failureOf(startCommand({ ...place, ...user, dataDir }));
    t.true(message.includes(dataDir), message);
    t.regex(hint, /TN_LEDGER_DATA_DIR/);
  }
});

const asRoot = onlyIf(test, isRoot, 'needs root');

asRoot('as root, the server runs under another account, with its data in the system folder', async (t) => {
  const place = await makePlace(t, 'empty');
  const server = await joinAt(place);
  const link = await readlink(join(place.dataDir, 'postgres'));
  t.true(link.startsWith(`${place.systemFolder}/`));
  t.true(server.messages.some((message) => message.includes(link)));
  t.not((await stat(join(link, 'data'))).uid, 0);
  t.not((await stat(`/proc/${await postmasterOf(place)}`)).uid, 0);
  t.is((await stat(join(link, 'data'))).mode & 0o777, 0o700);
  t.is((await stat(join(link, 'connection.json'))).uid, 0);
  await server.release();
});

asRoot('as root, programs in a folder that only root may enter are copied once', async (t) => {
  const place = await makePlace(t, 'empty');
  const closed = await makeFolder(join(place.base, 'closed'), 0o700);
  const installation = await installInto(join(closed, 'installation'));
  await removeLibraryLinks(installation);
  const dataDir = join(closed, 'data');
  t.teardown(() => removeDataFolder(dataDir));

  // A hardened root's mask, under which everything would be its own.
  const within = ['sh', '-c', 'umask 077; exec "$@"', 'sh'];
  const [one, two] = await Promise.all([1, 2].map(() => startCommand({ ...place, dataDir, installation, within })));
  t.deepEqual(await ask(one?.server as never, 'SELECT 1 AS one'), [{ one: 1 }]);
  await Promise.all([one?.leave(), two?.leave()]);
  t.is(await postmasterOf({ dataDir }), undefined);
  const copies = (await readdir(place.systemFolder)).filter((name) => /^postgresql-[^/]*\d$|unfinished/.test(name));
  t.is(copies.length, 1);

  // A copy that was interrupted is not taken for a whole one, nor left behind.
  const copy = join(place.systemFolder, copies[0] as string);
  await rename(copy, `${copy}.unfinished`);
  await rm(join(`${copy}.unfinished`, 'bin', 'postgres'));
  await (await startCommand({ ...place, dataDir, installation })).leave();
  t.false(existsSync(`${copy}.unfinished`));
  t.true(existsSync(join(copy, 'bin', 'postgres')));
});

asRoot('as root, a moved data folder keeps its database, and a new one in its place gets another', async (t) => {
  const place = await makePlace(t);
  const before = await joinAt(place);
  await ask(before, 'CREATE TABLE kept ()');
  await before.release();
  const home = await homeOf(place);

  const moved = { ...place, dataDir: join(place.base, 'moved') };
  await rename(place.dataDir, moved.dataDir);
  t.teardown(() => removeDataFolder(moved.dataDir));
  const after = await joinAt(moved);
  t.is(await homeOf(moved), home);
  t.deepEqual(await ask(after, "SELECT to_regclass('kept') IS NOT NULL AS there"), [{ there: true }]);
  await after.release();

  const fresh = await joinAt(place);
  t.deepEqual(await ask(fresh, "SELECT to_regclass('kept') IS NOT NULL AS there"), [{ there: false }]);
  await fresh.release();
});

asRoot('as root, a recreated data folder reuses its database; a removed database is an error', async (t) => {
  const place = await makePlace(t, 'empty');
  await (await joinAt(place)).release();
  const home = await homeOf(place);
  await rm(place.dataDir, { recursive: true });
  const again = await joinAt(place);
  await again.release();
  t.is(await homeOf(place), home);
  t.true(again.messages.some((message) => message.includes(`Reusing the previous database`) && message.includes(home)));

  await rm(home, { recursive: true });
  const error = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.regex(error.message, /is missing/);
  t.regex(error.hint ?? '', /remove the link/);
  await rm(join(place.dataDir, 'postgres'));
  await (await joinAt(place)).release();
});

asRoot('as root, data of an earlier version owned by nobody moves to a dedicated account', async (t) => {
  const place = await makePlace(t);
  const data = join(await homeOf(place), 'data');
  execFileSync('chown', ['-Rh', `${nobody.uid}:${nobody.gid}`, data]);
  const server = await joinAt(place);
  t.deepEqual(await ask(server, 'SELECT current_user::text AS name'), [{ name: 'tn_ledger' }]);
  t.not((await stat(data)).uid, nobody.uid);
  t.true(server.messages.some((message) => message.includes('belonged to nobody')));
  await server.release();
});

asRoot('as root without a suitable user, one is created other than nobody', async (t) => {
  const name = `tn-ledger-test-${process.pid}`;
  t.teardown(() => execFileSync('userdel', [name]));
  const created = await accountForServer(['no-such-user', name]);
  t.truthy(created?.uid);
  t.not(created?.uid, nobody.uid);
  t.deepEqual(await accountForServer(['no-such-user', name]), created);
});

test("another user's embedded database is refused, also to root, with the owner named", async (t) => {
  const place = await makePlace(t, 'empty');
  const user = await asOrdinaryUser(place);
  await (await startCommand({ ...place, ...user })).leave();
  const asRoot = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.true(asRoot.message.includes(`user id ${nobody.uid}`), asRoot.message);
  t.regex(asRoot.hint ?? '', /sudo -u/);

  const rootPlace = await makePlace(t);
  t.regex((await failureOf(startCommand({ ...rootPlace, ...user }))).message, /belongs to another user \(user id 0\)/);
});

asRoot('as root without a usable folder, the error names the folder', async (t) => {
  const place = await makePlace(t, 'empty');
  await writeFile(place.systemFolder, 'not a folder');
  const error = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.true(error.message.includes(place.systemFolder), error.message);
  t.truthy(error.hint);
});

onlyIf(
  test,
  canMount,
  'needs root and the right to mount',
)('a full disk is reported, leaves nothing half-made, and works again once there is space', async (t) => {
  const place = await makePlace(t, 'empty');
  await mkdir(place.systemFolder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m,mode=755', 'tn-ledger-test', place.systemFolder]);
  // Lazily, for the server's logger is the last to go, just after the server.
  t.teardown(() => execFileSync('umount', ['--lazy', place.systemFolder]));
  const error = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.regex(error.message, /No space left|ENOSPC|wrote only/);
  t.regex(error.hint ?? '', /disk space/);
  const home = await homeOf(place);
  t.deepEqual(
    (await readdir(home)).filter((name) => name === 'data' || name.startsWith('initializing-')),
    [],
  );

  execFileSync('mount', ['-o', 'remount,size=200m', place.systemFolder]);
  const server = await joinAt(place);
  t.deepEqual(await ask(server, 'SELECT 1 AS one'), [{ one: 1 }]);
  await server.release();
  t.is(await postmasterOf(place), undefined);

  const filler = join(place.systemFolder, 'filler');
  t.throws(() => execFileSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=64k'], { stdio: 'pipe' }));
  const full = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.regex(full.message, /No space left|ENOSPC/);
  t.regex(full.hint ?? '', /disk space/);
  await rm(filler);
  await (await joinAt(place)).release();
});
