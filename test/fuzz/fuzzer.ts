import { randomFrom } from '../sync/support/kills.js';
import { Coverage } from './coverage.js';
import { mutate } from './mutate.js';
import type { Target } from './targets.js';

export interface Finding {
  input: Buffer;
  error: unknown;
}

export interface FuzzResult {
  runs: number;
  /** The inputs to begin with, and each that ran code which none before it did. */
  corpus: Buffer[];
  /** The first input that breaks the target's promise. */
  finding: Finding | undefined;
}

export interface FuzzOptions {
  target: Target;
  /** Inputs to begin with, besides those of the target. */
  corpus: readonly Buffer[];
  seed: number;
  /** How many inputs to try. */
  runs: number;
}

/** One measurement costs as much as many inputs: only the inputs of a batch that ran new code are measured one by one. */
const batchSize = 64;

/** Tries inputs, and mutations of those that reached new code, until one breaks the target's promise. */
export async function fuzz({ target, corpus: kept, seed, runs }: FuzzOptions): Promise<FuzzResult> {
  const coverage = new Coverage();
  const random = randomFrom(seed);
  const corpus: Buffer[] = [];
  let finding: Finding | undefined;
  let done = 0;
  const run = async (input: Buffer) => {
    try {
      await target.run(input);
    } catch (error) {
      finding ??= { input, error };
    }
  };
  const keepNew = async (input: Buffer) => {
    if (coverage.add(await coverage.measure(() => run(input)))) corpus.push(input);
  };
  for (const input of [...target.inputs.map((input) => Buffer.from(input as string)), ...kept]) await keepNew(input);
  while (done < runs && finding === undefined) {
    const batch = Array.from({ length: batchSize }, () =>
      mutate(corpus[random(corpus.length)] as Buffer, { random, corpus, dictionary: target.dictionary }),
    );
    const covered = await coverage.measure(async () => {
      for (const input of batch) await run(input);
    });
    done += batch.length;
    if (!coverage.isNew(covered)) continue;
    for (const input of batch) await keepNew(input);
    // What only runs once in a process would be new forever.
    coverage.add(covered);
  }
  return { runs: done, corpus, finding };
}
