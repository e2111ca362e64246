import { execFileSync } from 'node:child_process';
import { chown, link, lstat, mkdir, readdir, readFile, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import { openAssigning, run } from '../assignment/support.js';
import { isRoot, nobody } from '../database/support/accounts.js';
import { type Env, makeFolder } from '../end-to-end/support.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const secret = 'PASSWORD=open-sesame';
const longAgo = new Date('2026-01-01');

/** A ledger with an inbox, and a file elsewhere that only its owner can read. */
async function openInbox(t: ExecutionContext<{ server: TestServer }>) {
  const world = await openAssigning(t, t.context.server);
  const inbox = join(world.dataDir, 'inbox', 'assign');
  await mkdir(inbox, { recursive: true });
  const secretFile = join(await makeFolder(t), 'secret.env');
  await writeFile(secretFile, `${secret}\n${world.numbers[0]}\n`, { mode: 0o600 });
  await utimes(secretFile, longAgo, longAgo);
  const drop = async (name: string) => {
    await writeFile(join(inbox, name), `${world.numbers.slice(0, 3).join('\n')}\n`);
    await utimes(join(inbox, name), longAgo, longAgo);
  };
  return { world, inbox, secretFile, drop };
}

/** The paths of all files below a folder, without following links. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

for (const [title, plant, reason] of [
  ['a symbolic link to a file', (from: string, at: string) => symlink(from, at), /it is a symbolic link/],
  ['a hard link to a file', (from: string, at: string) => link(from, at), /it is a hard link/],
  ['a pipe', async (_from: string, at: string) => void execFileSync('mkfifo', [at]), /it is not a regular file/],
] as const) {
  test(`${title} in the inbox is reported and not read, and the other files are submitted`, async (t) => {
    const { world, inbox, secretFile, drop } = await openInbox(t);
    await plant(secretFile, join(inbox, 'env.csv'));
    await drop('good.csv');
    const { status, output } = await run(t, world, ['run', 'submit-number-assignments']);
    t.is(status, 3, output);
    t.regex(output, /inbox\/assign\/env\.csv was skipped: /);
    t.regex(output, reason);
    t.false(output.includes('open-sesame'));
    t.is(world.placed().length, 1);
    t.truthy(await lstat(join(inbox, 'env.csv')));
    for (const path of await filesBelow(world.dataDir)) {
      if (path !== join(inbox, 'env.csv')) t.false((await readFile(path)).includes('open-sesame'), path);
    }
  });
}

test('a folder in the inbox that is a symbolic link is not read', async (t) => {
  const { world, secretFile } = await openInbox(t);
  const elsewhere = join(world.dataDir, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'list.csv'), `${secret}\n`);
  await symlink(elsewhere, join(world.dataDir, 'inbox', 'unassign'));
  const { status, output } = await run(t, world, ['run', 'submit-number-assignments']);
  t.is(status, 3, output);
  t.regex(output, /inbox\/unassign was skipped: it is a symbolic link/);
  t.deepEqual(world.placed(), []);
  t.truthy(await stat(secretFile));
});

onlyIf(
  test,
  isRoot,
  'needs root',
)('a file of another user is taken only if TN_LEDGER_INBOX_USERS names that user', async (t) => {
  const { world, inbox, drop } = await openInbox(t);
  await drop('numbers.csv');
  await chown(join(inbox, 'numbers.csv'), nobody.uid, nobody.gid);
  const refused = await run(t, world, ['run', 'submit-number-assignments']);
  t.is(refused.status, 3, refused.output);
  t.regex(refused.output, /it belongs to user id \d+, which TN_LEDGER_INBOX_USERS doesn't include/);
  t.deepEqual(world.placed(), []);
  const env = { TN_LEDGER_INBOX_USERS: 'nobody' };
  t.is((await run(t, world, ['run', 'submit-number-assignments'], { env })).status, 0);
  t.is(world.placed().length, 1);
  const unknown = await run(t, world, ['run', 'submit-number-assignments'], {
    env: { TN_LEDGER_INBOX_USERS: 'no-one' },
  });
  t.is(unknown.status, 2);
  t.regex(unknown.output, /lists a user that does not exist: no-one/);
});

test('files that tn-ledger writes are private to their owner unless TN_LEDGER_FILE_MODE says otherwise', async (t) => {
  for (const [mode, file, folder] of [
    [undefined, 0o600, 0o700],
    ['0640', 0o640, 0o750],
  ] as const) {
    const { world, drop } = await openInbox(t);
    await drop('numbers.csv');
    const env: Env = mode === undefined ? {} : { TN_LEDGER_FILE_MODE: mode };
    t.is((await run(t, world, ['run', 'submit-number-assignments'], { env })).status, 0);
    const done = join(world.dataDir, 'done');
    t.is((await stat(done)).mode & 0o777, folder);
    const results = (await readdir(done)).find((name) => name.endsWith('.results.csv'));
    t.is((await stat(join(done, results as string))).mode & 0o777, file);
  }
});
