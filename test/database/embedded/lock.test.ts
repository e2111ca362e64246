import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { withLock } from '../../../src/database/embedded/lock.js';
import {
  isAlive,
  ownIdentity,
  parseIdentity,
  printIdentity,
  startOf,
} from '../../../src/database/embedded/process-identity.js';
import { until } from '../support/place.js';

async function folderFor(t: ExecutionContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-lock-'));
  t.teardown(() => rm(folder, { recursive: true }));
  return folder;
}

test('one of many concurrent processes and tasks has the lock at a time, and few tickets are kept', async (t) => {
  const folder = await folderFor(t);
  const [lock, file] = [join(folder, 'lock'), join(folder, 'count')];
  await writeFile(file, '0');
  const script = fileURLToPath(new URL('../fixtures/count-under-lock.js', import.meta.url));
  const processes = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, [script, lock, file, '100']));
  const tasks = Array.from({ length: 50 }, () =>
    withLock(lock, {}, async () => writeFile(file, String(Number(await readFile(file, 'utf8')) + 1))),
  );
  await Promise.all([...processes, ...tasks]);
  t.is(await readFile(file, 'utf8'), '450');
  const tickets = await readdir(lock);
  t.true(tickets.length < 60, `${tickets.length} tickets`);
});

test('the lock of a dead process is free, and that of a live one is awaited', async (t) => {
  const lock = await folderFor(t);
  const child = spawn('sleep', ['600']);
  await once(child, 'spawn');
  const holder = { ...ownIdentity(), pid: child.pid as number, startedAt: startOf(child.pid as number) as string };
  await symlink(printIdentity(holder), join(lock, '7'));
  const exited = once(child, 'exit');
  let waitedFor: number | undefined;
  const taken = withLock(
    lock,
    {
      onWait: (pid) => {
        waitedFor = pid;
        child.kill();
      },
    },
    async () => 'taken',
  );
  t.is(await taken, 'taken');
  t.is(waitedFor, child.pid);
  await exited;
});

test('an action that fails releases the lock', async (t) => {
  const lock = await folderFor(t);
  const failure = new Error('no');
  t.is(await t.throwsAsync(withLock(lock, {}, () => Promise.reject(failure))), failure);
  t.is(await withLock(lock, {}, async () => 'yes'), 'yes');
});

test('other files among the tickets are ignored', async (t) => {
  const lock = await folderFor(t);
  await mkdir(join(lock, 'x'));
  await symlink('nonsense', join(lock, '3'));
  t.is(await withLock(lock, {}, async () => 'yes'), 'yes');
});

test('a process is distinguished from one with the same pid, an earlier boot’s, and its zombie', async (t) => {
  const own = ownIdentity();
  t.true(isAlive(own));
  t.deepEqual(parseIdentity(printIdentity(own)), own);
  t.is(parseIdentity('free'), undefined);
  t.is(parseIdentity('%'), undefined);
  t.false(isAlive({ ...own, startedAt: `${own.startedAt}0` }));
  t.false(isAlive({ ...own, boot: 'another' }));

  // A child of a shell that became another program, one that never asks what became of its children, stays a zombie.
  const script = 'exec 3<&0; sh -c "read -r line <&3" & echo $!; exec sleep 600';
  const parent = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => parent.kill());
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const zombie = Number(String(line));
  const program = () => execFileSync('ps', ['-o', 'comm=', '-p', String(parent.pid)], { encoding: 'utf8' }).trim();
  await until(async () => program().endsWith('sleep'));
  t.not(startOf(zombie), undefined);
  parent.stdin.end();
  await until(async () => startOf(zombie) === undefined);
  t.notThrows(() => process.kill(zombie, 0), 'the number is still taken');
});
