import { execFile } from 'node:child_process';
import { symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { makeFolder } from '../end-to-end/support.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));

/** Path of a compiled module of test/support, for the text of a test or of a configuration. */
export function supportPath(name: string): string {
  return join(root, 'dist', 'test', 'support', name);
}

/** Runs ava on one test file, `sample.js`, with the text of a configuration. */
export async function runAva(
  t: ExecutionContext,
  { code, config, env }: { code: string; config: string; env?: Record<string, string> },
): Promise<{ status: number; output: string }> {
  const folder = await makeFolder(t);
  await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
  await writeFile(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  await writeFile(join(folder, 'ava.config.js'), config);
  await writeFile(join(folder, 'sample.js'), code);
  const inherited = Object.entries(process.env).filter(
    ([name]) => !/^(NODE_CHANNEL|AVA|CI$|TN_LEDGER_TEST)/.test(name),
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, 'node_modules', 'ava', 'entrypoints', 'cli.mjs')],
      { cwd: folder, env: { ...Object.fromEntries(inherited), ...env } },
      (error, stdout, stderr) =>
        resolve({ status: typeof error?.code === 'number' ? error.code : 0, output: stdout + stderr }),
    );
  });
}
