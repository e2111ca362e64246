import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import test from 'ava';
import { provingTests, sizedTests, unitTests } from './tiers.js';

test('a test is of the tier, part of the soak, and recorded, by what it and its support import', async (t) => {
  const folder = join(await mkdtemp(join(tmpdir(), 'tn-ledger-tiers-')), 'test');
  t.teardown(() => rm(join(folder, '..'), { recursive: true }));
  await mkdir(join(folder, 'support'), { recursive: true });
  for (const [name, code] of Object.entries({
    'support/commands.js': "import { spawn, } from 'node:child_process';\nimport './cycle.js';\n",
    'support/cycle.js': "import './commands.js';\n",
    'support/fast-check.js': "import fc from 'fast-check';\n",
    'plain.test.js': "import test from 'ava';\nimport { run } from '../src/run.js';\n",
    'commands.test.js': "import { cli } from './support/commands.js';\n",
    'sandbox.test.js': "import { startSandbox } from '../src/sandbox/server.js';\n",
    'awaited.test.js': "const { createServer } = await import('node:http');\n",
    'property.test.js': "import fc from './support/fast-check.js';\n",
    'support/sizes.js': 'export {};\n',
    'support/proof.js': 'export {};\n',
    'proving.soak.js': "import './support/proof.js';\n",
    'sized.test.js': "import { size } from './support/sizes.js';\n",
  })) {
    await writeFile(join(folder, name), code);
  }
  const names = (files: string[]) => files.map((file) => relative(folder, file));
  t.deepEqual(names(unitTests(folder)), ['plain.test.js', 'property.test.js', 'sized.test.js']);
  t.deepEqual(names(sizedTests(folder)), ['property.test.js', 'sized.test.js']);
  t.deepEqual(names(provingTests(folder)), ['proving.soak.js']);
});
