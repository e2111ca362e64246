import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../src/database/connect.js';
import { migrate } from '../src/database/migrations.js';
import { configurationPage } from './configuration.js';
import { dataDictionaryPage } from './data-dictionary.js';
import { dependenciesPage } from './dependencies.js';

/** `npm run docs`: writes the generated pages in docs/. The data dictionary comes from a temporary embedded database. */
const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-docs-'));
const database = await openDatabase({ dataDir: folder, applicationName: 'tn-ledger docs', log: () => undefined });
try {
  await migrate(database);
  await writeFile('docs/data-dictionary.md', await dataDictionaryPage(database.pool));
  await writeFile('docs/configuration.md', configurationPage());
  await writeFile('docs/dependencies.md', await dependenciesPage());
} finally {
  await database.close();
  await rm(folder, { recursive: true, force: true });
}
