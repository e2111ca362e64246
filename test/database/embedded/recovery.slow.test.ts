import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, watch } from 'node:fs';
import {
  appendFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { accountForServer } from '../../../src/database/embedded/account.js';
import { ownIdentity, printIdentity } from '../../../src/database/embedded/process-identity.js';
import { joinEmbeddedServer } from '../../../src/database/embedded.js';
import { LedgerError } from '../../../src/errors.js';
import { startCommand } from '../support/command.js';
import { ask, homeOf, joinAt, makePlace, type Place, postmasterOf, until } from '../support/place.js';

/** Processes in there see only each other, as in a container. */
const container = ['unshare', '--pid', '--ipc', '--fork', '--kill-child', '--mount-proc'];

/** A server that crashed: its processes are gone, its postmaster.pid is not. */
async function crash(place: Place): Promise<string> {
  const command = await startCommand(place);
  await ask(command.server, 'CREATE TABLE IF NOT EXISTS survived AS SELECT 1 AS one');
  const pidFile = join(await homeOf(place), 'data', 'postmaster.pid');
  const content = await readFile(pidFile, 'utf8');
  process.kill(Number(content.split('\n')[0]), 'SIGKILL');
  await until(async () => (await postmasterOf(place)) === undefined);
  await command.end('SIGKILL');
  return pidFile;
}

async function survives(place: Place): Promise<unknown> {
  const server = await joinAt(place);
  const rows = await ask(server, 'SELECT one FROM survived');
  await server.release();
  return rows;
}

test('a killed server is restarted with all committed data', async (t) => {
  const place = await makePlace(t);
  t.true(existsSync(await crash(place)));
  t.deepEqual(await survives(place), [{ one: 1 }]);
  t.is(await postmasterOf(place), undefined);
});

test('a stale postmaster.pid with the pid of another process does not prevent the start', async (t) => {
  const place = await makePlace(t);
  const pidFile = await crash(place);
  const account = await accountForServer();
  const stranger: ChildProcess = spawn('sleep', ['600'], { ...account, stdio: 'ignore' });
  t.teardown(() => stranger.kill());
  await once(stranger, 'spawn');

  const content = await readFile(pidFile, 'utf8');
  await writeFile(pidFile, content.replace(/^\d+/, String(stranger.pid)));
  t.deepEqual(await survives(place), [{ one: 1 }]);
  t.is(stranger.exitCode, null);
});

test('an empty postmaster.pid, as after a power failure, does not prevent the start', async (t) => {
  const place = await makePlace(t);
  await truncate(await crash(place));
  t.deepEqual(await survives(place), [{ one: 1 }]);
});

test('registrations and locks of dead processes are ignored, even if their pids are reused', async (t) => {
  const place = await makePlace(t);
  const home = await homeOf(place);
  const own = ownIdentity();
  const longAgo = new Date(Date.now() - 60_000);
  const gone = [
    { ...own, boot: 'an-earlier-boot' },
    { ...own, startedAt: '1' },
    { ...own, pid: 4_194_305 },
  ];
  for (const [index, identity] of gone.entries()) {
    const registration = join(home, 'users', `${printIdentity(identity)}.${index}`);
    await mkdir(join(home, 'users'), { recursive: true });
    await writeFile(registration, '');
    await utimes(registration, longAgo, longAgo);
    await symlink(printIdentity(identity), join(home, 'lock', String(1000 + index)));
  }
  await writeFile(join(home, 'users', 'not an identity'), '');
  const server = await joinAt(place);
  await server.release();
  t.is(await postmasterOf(place), undefined);
  t.deepEqual(await readdir(join(home, 'users')), []);
});

test('a recent registration from another boot or container is awaited, then removed', async (t) => {
  const place = await makePlace(t);
  const users = join(await homeOf(place), 'users');
  await mkdir(users, { recursive: true });
  const registration = join(users, `${printIdentity({ ...ownIdentity(), boot: 'another' })}.x`);
  await writeFile(registration, '');
  const sign = new Date(Date.now() - 29_500);
  await utimes(registration, sign, sign);
  const server = await joinAt(place);
  t.false(existsSync(registration));
  await server.release();
});

test('a server in use in another container is not touched', async (t) => {
  const place = await makePlace(t);
  const users = join(await homeOf(place), 'users');
  await mkdir(users, { recursive: true });
  const registration = join(users, `${printIdentity({ ...ownIdentity(), boot: 'another' })}.x`);
  await writeFile(registration, '');
  const heartbeat = setInterval(() => utimes(registration, new Date(), new Date()), 50);
  t.teardown(() => clearInterval(heartbeat));
  const error = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.regex(error.message, /in use in another container/);
  t.regex(error.hint ?? '', /docker exec/);
  t.true(existsSync(registration));
  t.is(await postmasterOf(place), undefined);
});

if (canMakeContainers()) {
  test('two containers that share a data folder do not both start a server', async (t) => {
    const place = await makePlace(t);
    const inside = await startCommand({ ...place, within: container });
    const error = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
    t.regex(error.message, /in use in another container/);
    t.deepEqual(await ask(inside.server, 'SELECT 1 AS one'), [{ one: 1 }]);
    await inside.leave();
    const outside = await joinAt(place);
    t.deepEqual(await ask(outside, 'SELECT 1 AS one'), [{ one: 1 }]);
    await outside.release();
  });
}

function canMakeContainers(): boolean {
  const [program = '', ...args] = [...container, 'true'];
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0;
}

test('if another program has the port, a new one is chosen, logged, and stored', async (t) => {
  const place = await makePlace(t);
  const before = await joinAt(place);
  await before.release();
  const squatter = createServer().listen(before.port, '127.0.0.1');
  await once(squatter, 'listening');
  const after = await joinAt(place);
  t.not(after.port, before.port);
  t.true(after.messages.some((message) => message.includes(`Port ${before.port} is taken`)));
  await after.release();
  squatter.close();
  await once(squatter, 'close');
  const again = await joinAt(place);
  t.is(again.port, after.port);
  await again.release();
});

test('an interrupted initdb leaves no broken database, and the next start cleans up', async (t) => {
  const place = await makePlace(t, 'empty');
  const starting = startCommand(place);
  const failed = t.throwsAsync(starting);
  const folders = async () => (await readdir(await homeOf(place))).filter((name) => name.startsWith('initializing-'));
  // Half-way: initdb has begun to fill the folder.
  await until(async () => {
    const [name] = await folders().catch(() => []);
    return name !== undefined && existsSync(join(await homeOf(place), name, 'data', 'base'));
  });
  await killStarter(place);
  await failed;
  t.false(existsSync(join(await homeOf(place), 'data')));
  t.is((await folders()).length, 1);

  const server = await joinAt(place);
  t.deepEqual(await ask(server, 'SELECT 1 AS one'), [{ one: 1 }]);
  await server.release();
  await (await joinAt(place)).release();
  t.deepEqual(await folders(), []);
});

/** Kills the command that is just starting the server, by the number on its lock, which is all that is known of it so far. */
async function killStarter(place: Place): Promise<void> {
  const lock = join(await homeOf(place), 'lock');
  const last = Math.max(...(await readdir(lock)).map(Number));
  process.kill(Number((await readlink(join(lock, String(last)))).split('_')[0]), 'SIGKILL');
}

test('a data folder of another major version is rejected and unchanged', async (t) => {
  const place = await makePlace(t);
  const data = join(await homeOf(place), 'data');
  await writeFile(join(data, 'PG_VERSION'), '17\n');
  const before = await listing(data);
  const error = await t.throwsAsync(joinAt(place), { instanceOf: LedgerError });
  t.regex(error?.message ?? '', /created by PostgreSQL 17; this tn-ledger includes 18.*Nothing was changed/);
  t.is(
    (error as LedgerError).hint,
    `1. With the tn-ledger release that created it, stop the schedule and run: tn-ledger backup DIR. 2. mv "${data}" "${data}.old". 3. With this release: tn-ledger restore DIR. See docs/upgrading.md.`,
  );
  t.deepEqual(await listing(data), before);

  await rm(join(data, 'PG_VERSION'));
  const damaged = await t.throwsAsync(joinAt(place), { instanceOf: LedgerError });
  t.regex(damaged?.message ?? '', /has no PG_VERSION. Nothing was changed/);
});

async function listing(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  return Promise.all(
    names.sort().map(async (name) => {
      const { size, mtimeMs } = await stat(join(folder, name));
      return `${name} ${size} ${mtimeMs}`;
    }),
  );
}

test('a server that does not start is reported with the last lines and paths of its logs', async (t) => {
  const place = await makePlace(t);
  const home = await homeOf(place);
  await appendFile(join(home, 'data', 'postgresql.auto.conf'), 'shared_buffers = nonsense\n');
  const error = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.regex(error.message, /did not start: .*invalid value for parameter "shared_buffers": "nonsense"/);
  t.true(error.hint?.includes(join(home, 'start.log')));
  t.deepEqual(await readdir(join(home, 'users')), []);
});

test('missing or damaged passwords are reported, and never quoted', async (t) => {
  const place = await makePlace(t);
  const server = await joinAt(place);
  await server.release();
  const file = join(await homeOf(place), 'connection.json');
  const content = await readFile(file, 'utf8');
  t.is((await stat(file)).mode & 0o777, 0o600);

  await rm(file);
  t.regex((await t.throwsAsync(joinAt(place), { instanceOf: LedgerError }))?.message ?? '', /has no passwords: /);
  await writeFile(file, content.slice(0, -20));
  const damaged = await t.throwsAsync(joinAt(place), { instanceOf: LedgerError });
  t.regex(damaged?.message ?? '', /is damaged/);
  t.false(damaged?.message.includes(server.password));
  await writeFile(file, content.replace(/"superuserPassword": ".*"/, '"superuserPassword": "other"'));
  const wrong = (await t.throwsAsync(joinAt(place), { instanceOf: LedgerError })) as LedgerError;
  t.regex(wrong.message, /rejected the user name or password/);
  t.regex(wrong.hint ?? '', /connection\.json/);
  t.is(await postmasterOf(place), undefined);

  await writeFile(file, content);
  await (await joinAt(place)).release();
});

test('an abort while waiting for another command ends the wait', async (t) => {
  const place = await makePlace(t);
  const lock = join(await homeOf(place), 'lock');
  await symlink(printIdentity(ownIdentity()), join(lock, '500'));
  const controller = new AbortController();
  const reason = new Error('stop');
  const joining = joinWith(place, controller.signal, () => controller.abort(reason));
  t.is(await t.throwsAsync(joining), reason);
  await symlink('free', join(lock, '501'));
  await (await joinAt(place)).release();
});

test('an abort during creation or start leaves no server and no broken database', async (t) => {
  const place = await makePlace(t, 'empty');
  const creating = new AbortController();
  const reason = new Error('stop');
  const failure = await t.throwsAsync(
    joinWith(place, creating.signal, (message) => message.startsWith('Creating') && creating.abort(reason)),
  );
  t.is(failure, reason);
  const home = await homeOf(place);
  t.deepEqual(
    (await readdir(home)).filter((name) => name === 'data' || name.startsWith('initializing-')),
    [],
  );

  await (await joinAt(place)).release();
  const starting = new AbortController();
  const watcher = watch(join(home, 'data'), (_, name) => name === 'postmaster.pid' && starting.abort(reason));
  t.teardown(() => watcher.close());
  t.is(await t.throwsAsync(joinAt(place, starting.signal)), reason);
  t.is(await postmasterOf(place), undefined);
  t.false(existsSync(join(home, 'data', 'postmaster.pid')));
  t.deepEqual(await readdir(join(home, 'users')), []);
});

async function joinWith(place: Place, signal: AbortSignal, log: (message: string) => unknown): Promise<void> {
  const server = await joinEmbeddedServer({ ...place, signal, log: (message) => void log(message) });
  await server.release();
}
