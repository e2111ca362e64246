import { mkdir, readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { openAssigning, run } from '../assignment/support.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const latin1 = Buffer.from('größe.csv', 'latin1');
const long = Buffer.from(`${'n'.repeat(236)}.csv`);

// APFS refuses names that are not UTF-8.
const isAnyNameAllowed = process.platform === 'linux';

for (const [title, name, reason, kept] of [
  ['that is not UTF-8', latin1, "has a name that isn't UTF-8", 'gr__e.csv'],
  [
    'too long for the names of results',
    long,
    'has a name of 240 bytes, more than the 200 that leave room for the result names',
    `${'n'.repeat(80)}.csv`,
  ],
] as const) {
  onlyIf(
    test,
    isAnyNameAllowed,
    'needs Linux',
  )(`an inbox file with a name ${title} goes to failed/ before anything is sent and blocks no other`, async (t) => {
    const world = await openAssigning(t, t.context.server);
    const inbox = join(world.dataDir, 'inbox', 'assign');
    await mkdir(inbox, { recursive: true });
    for (const each of [name, Buffer.from('zz.csv')]) {
      const path = Buffer.concat([Buffer.from(`${inbox}/`), each]);
      await writeFile(path, `${world.numbers.slice(each === name ? 0 : 2, each === name ? 2 : 4).join('\n')}\n`);
      await utimes(path, new Date('2026-01-01'), new Date('2026-01-01'));
    }
    const { status, output } = await run(t, world, ['run', 'submit-number-assignments']);
    t.is(status, 3, output);
    t.true(output.includes(reason), output);
    t.deepEqual(await readdir(inbox), []);
    t.deepEqual(
      world.placed().map(({ numbers }) => numbers.map(({ telephoneNumber }) => telephoneNumber)),
      [world.numbers.slice(2, 4)],
    );
    const failed = (await readdir(join(world.dataDir, 'failed'))).sort();
    t.deepEqual(
      failed.map((each) => each.replace(/^\d{8}T\d{6}Z-/, '')).sort(),
      [kept, kept.replace('.csv', '.error.txt')].sort(),
    );
    const text = await readFile(
      join(world.dataDir, 'failed', failed.find((each) => each.endsWith('.txt')) as string),
      'utf8',
    );
    t.true(text.includes(reason), text);
    t.regex(text, /Give the file a shorter name in UTF-8\./);
    t.is((await run(t, world, ['run', 'submit-number-assignments'])).status, 0);
  });
}

onlyIf(
  test,
  isAnyNameAllowed,
  'needs Linux',
)('a folder of the inbox whose name is not UTF-8 is named and left alone', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const inbox = join(world.dataDir, 'inbox');
  await mkdir(inbox, { recursive: true });
  await mkdir(Buffer.concat([Buffer.from(`${inbox}/`), latin1]));
  const { status, output } = await run(t, world, ['run', 'submit-number-assignments']);
  t.is(status, 3, output);
  t.regex(output, /the folder name isn't UTF-8/);
});
