import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { jobs } from '../../jobs/index.js';
import { descriptions, inOrder, orderDescriptions, windowDescriptions } from '../../src/dashboard/registry.js';
import { lidbs } from '../../src/dashboard/resources/lidbs.js';
import { loadJobs } from '../../src/run/load-jobs.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

test('every file in resources/ is a description whose job is part of the nightly run', async (t) => {
  const files = (await readdir(join(root, 'src/dashboard/resources'))).filter((file) => file.endsWith('.ts'));
  t.is(descriptions.length, files.length);
  t.deepEqual(
    descriptions.map(({ place }) => place),
    descriptions.map(({ place }) => place).toSorted((a, b) => a - b),
  );
  for (const { job } of descriptions)
    t.true(
      jobs.some(({ name }) => name === job.name),
      job.name,
    );
});

for (const [what, files, message] of [
  [
    'no description',
    [{ file: 'a.js', exported: {} }],
    'a.js exports 0 resource descriptions: it must export exactly one.',
  ],
  [
    'the place of another',
    [
      { file: 'a.js', exported: { lidbs } },
      { file: 'b.js', exported: { other: { ...lidbs, name: 'other' } } },
    ],
    'b.js and a.js have the same place, 110: change one.',
  ],
] as const) {
  test(`a file with ${what} is an error that names the file`, (t) => {
    t.throws(() => inOrder(files), { message });
  });
}

test('a missing job of a description is an error that names the file', async (t) => {
  const folder = new URL('../../jobs/', import.meta.url);
  await t.throwsAsync(loadJobs(folder, ['sync-nothing']), { message: /jobs\/sync-nothing\.ts can't be loaded/ });
  await t.throwsAsync(loadJobs(folder, ['index']), {
    message: 'jobs/index.ts exports no job named index. Rename the job or the file.',
  });
});

/** Files that may name a resource: its description, and the sandbox, which implements the API. */
const exempt = /^src\/(?:dashboard\/resources|sandbox)\/|^src\/cli\/sandbox\.ts$/;

test('no other file in src/ names the path or a table of a window resource', async (t) => {
  const files = (await readdir(join(root, 'src'), { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)))
    .filter((file) => !exempt.test(file));
  const tables = windowDescriptions.flatMap((each) =>
    'numbersTable' in each ? [each.table, each.numbersTable] : [each.table],
  );
  const inSql = new RegExp(`\\b(?:from|join|into|update|table) (?:tn_ledger\\.)?(?:${tables.join('|')})\\b(?!\\()`);
  const inPath = new RegExp(`/(?:${windowDescriptions.map(({ list }) => list.name).join('|')})[\`'/?]`);
  // `orders` is a word of the command line and the sandbox, too.
  const quoted = new RegExp(
    `'(?:${orderDescriptions
      .map(({ name }) => name)
      .filter((name) => name !== 'orders')
      .join('|')})'`,
  );
  const named: string[] = [];
  for (const file of files) {
    const code = (await readFile(join(root, file), 'utf8')).replace(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');
    const found = inSql.exec(code) ?? inPath.exec(code) ?? quoted.exec(code);
    if (found !== null) named.push(`${file}: ${found[0]}`);
  }
  t.deepEqual(named, []);
});
