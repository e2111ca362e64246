import { readFile } from 'node:fs/promises';
import anyTest, { type TestFn } from 'ava';
import { configurationPage } from '../../scripts/configuration.js';
import { dataDictionaryPage } from '../../scripts/data-dictionary.js';
import { dependenciesPage, productionPackages } from '../../scripts/dependencies.js';
import { describeVariables, knownVariables } from '../../src/config.js';
import { openLedgerDatabase } from '../support/ledger-database.js';
import { startPostgres, type TestServer } from '../support/postgres.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

const stale = 'The page is out of date: run `npm run docs` and commit it.';

test('docs/configuration.md describes the variables of src/config.ts', async (t) => {
  t.is(await readFile('docs/configuration.md', 'utf8'), configurationPage(), stale);
});

test('docs/data-dictionary.md has the comments in the database', async (t) => {
  const { database } = await openLedgerDatabase(t, t.context.server);
  t.is(await readFile('docs/data-dictionary.md', 'utf8'), await dataDictionaryPage(database.pool), stale);
});

test('docs/dependencies.md has every dependency and what it is used for', async (t) => {
  t.is(await readFile('docs/dependencies.md', 'utf8'), await dependenciesPage(), stale);
});

test('production needs at most 120 packages', async (t) => {
  const { packages } = JSON.parse(await readFile('package-lock.json', 'utf8'));
  t.true(productionPackages(packages).length <= 120);
});

test('every variable has a description, and a default or a note on what applies without one', (t) => {
  const variables = describeVariables();
  t.deepEqual(variables.map(({ name }) => name).sort(), [...knownVariables].sort());
  for (const { name, description, default: value, unset } of variables) {
    t.regex(description, /^[A-Z].*\.$/, name);
    t.true((unset ?? value ?? '') !== '', name);
  }
});

test('.env.example shows the default of every variable that has one', async (t) => {
  const example = await readFile('.env.example', 'utf8');
  for (const { name, default: value } of describeVariables()) {
    if (value !== undefined) t.true(example.includes(`\n#${name}=${value}\n`), `${name}=${value}`);
  }
});
