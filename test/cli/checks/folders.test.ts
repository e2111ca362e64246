import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { checkFileModes } from '../../../src/cli/checks/folders.js';
import { makeFolder } from '../../end-to-end/support.js';

test('embedded database passwords readable by others are a warning, whatever TN_LEDGER_FILE_MODE is', async (t) => {
  const dataDir = await makeFolder(t);
  const file = join(dataDir, 'postgres', 'connection.json');
  await mkdir(join(dataDir, 'postgres', 'lock'), { recursive: true });
  await chmod(join(dataDir, 'postgres', 'lock'), 0o700);
  await writeFile(file, '{}');
  await chmod(file, 0o644);
  t.deepEqual(checkFileModes(dataDir, 0o644), {
    state: 'warning',
    text: `${file}: other users can access the embedded database; chmod go= ${file}`,
  });
  await chmod(file, 0o600);
  t.is(checkFileModes(dataDir, 0o644).state, 'ok');
});
