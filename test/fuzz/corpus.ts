import { readFileSync, writeFileSync } from 'node:fs';

// dist/test/fuzz/ at run time.
const folder = new URL('../../../test/fuzz/corpus/', import.meta.url);
const fileOf = (target: string) => new URL(`${target}.json`, folder);

/** The inputs that are kept for a target: each runs code that the others don't, or once broke its promise. */
export function readCorpus(target: string): Buffer[] {
  try {
    return (JSON.parse(readFileSync(fileOf(target), 'utf8')) as string[]).map((text) => Buffer.from(text, 'latin1'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Writes them, a line for each, with one character per byte. */
export function writeCorpus(target: string, inputs: readonly Buffer[]): void {
  const lines = [...new Set(inputs.map((input) => JSON.stringify(input.toString('latin1'))))].sort();
  writeFileSync(fileOf(target), `[\n  ${lines.join(',\n  ')}\n]\n`);
}
