import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface RunSettings {
  environmentVariables: Record<string, string>;
}

/**
 * Settings of one run of ava, for its configuration: prints the seed of everything random, and at the end one line per test that
 * `onlyIf` skipped.
 *
 * @param defaultSeed used unless TN_LEDGER_TEST_SEED names another
 * @throws if TN_LEDGER_TEST_SEED is not an integer
 */
export function prepareRun(defaultSeed: number): RunSettings {
  const seed = Number(process.env.TN_LEDGER_TEST_SEED || defaultSeed);
  if (!Number.isSafeInteger(seed)) {
    throw new Error(
      `TN_LEDGER_TEST_SEED is ${process.env.TN_LEDGER_TEST_SEED}, not an integer. Unset it, or set another.`,
    );
  }
  process.stderr.write(`TN_LEDGER_TEST_SEED=${seed}\n`);

  const folder = mkdtempSync(join(tmpdir(), 'tn-ledger-run-'));
  const skips = join(folder, 'skips');
  writeFileSync(skips, '');
  process.on('exit', () => {
    const lines = readFileSync(skips, 'utf8').split('\n').filter(Boolean).sort();
    rmSync(folder, { recursive: true });
    if (lines.length > 0) process.stdout.write(`\n  Skipped:\n${lines.map((line) => `  - ${line}\n`).join('')}`);
  });
  return { environmentVariables: { TN_LEDGER_TEST_SEED: String(seed), TN_LEDGER_TEST_SKIPS: skips } };
}
