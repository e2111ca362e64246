import { readFile } from 'node:fs/promises';
import test from 'ava';
import { descriptions, orderDescriptions } from '../../src/dashboard/registry.js';

test('the page shows the repository’s description, migration, job, and sandbox file', async (t) => {
  const page = await readFile('docs/adding-a-resource.md', 'utf8');
  const shown = [...page.matchAll(/^`([\w./-]+\.ts)`:\n\n```ts\n(.+?)^```$/gms)];
  t.deepEqual(
    shown.map(([, file]) => file?.split('/')[0]),
    ['src', 'migrations', 'jobs', 'src'],
  );
  for (const [, file = '', code] of shown) t.is(code, await readFile(file, 'utf8'), file);
});

test('the README names every resource, and the data dictionary every table of orders', async (t) => {
  const readme = await readFile('README.md', 'utf8');
  for (const { list } of descriptions) t.regex(readme, new RegExp(`\`/?${list.name}\``), list.name);
  const dictionary = await readFile('docs/data-dictionary.md', 'utf8');
  for (const { table } of orderDescriptions) t.true(dictionary.includes(`\n### ${table}\n`), table);
});
