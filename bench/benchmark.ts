import { formatCount } from '../src/format.js';

/** Who does the work: tn-ledger, the least that plain tools need for it, or a program as a competent user would write it. */
export type Role = 'ours' | 'floor' | 'rival';

export interface Sample {
  seconds: number;
  /** Peak resident memory of the process, if the work is one. */
  peakBytes?: number;
}

export interface Contestant {
  /** Runs before each measurement and isn't measured. */
  prepare?(): Promise<unknown>;
  run(): Promise<Sample>;
}

/** Times of all rounds, in seconds, and the highest peak. */
export interface Measured {
  seconds: number[];
  peakBytes?: number;
}

/** At most this many times the floor, and at least this many times as fast as the rival. */
export interface Goals {
  floor?: number;
  rival?: number;
}

/** The same work of one size, measured for each contestant in turn. */
export interface Comparison {
  benchmark: string;
  work: string;
  size: number;
  unit: string;
  goals: Goals;
  ours: Measured;
  floor?: Measured;
  rival?: Measured;
}

/** One measurement of a benchmark: its size, and who takes part. */
export interface Scope {
  benchmark: string;
  size: number;
  unit: string;
  rounds: number;
  roles: readonly Role[];
}

export interface Benchmark {
  name: string;
  /** At scale 1. */
  size: number;
  unit: string;
  /** The largest size that the rival can do in minutes. At larger sizes it is compared at this size instead. */
  rivalSize?: number;
  measure(scope: Scope): Promise<Comparison[]>;
}

/** Runs a benchmark at a fraction of its size, and again at the rival's size if that is smaller. */
export async function runBenchmark(benchmark: Benchmark, scale: number, rounds: number): Promise<Comparison[]> {
  const { name, unit, rivalSize = Number.POSITIVE_INFINITY } = benchmark;
  const size = Math.max(1, Math.round(benchmark.size * scale));
  const scope = { benchmark: name, unit, rounds };
  if (size <= rivalSize) return benchmark.measure({ ...scope, size, roles: ['ours', 'floor', 'rival'] });
  const own = await benchmark.measure({ ...scope, size, roles: ['ours', 'floor'] });
  const rivals = await benchmark.measure({ ...scope, size: rivalSize, roles: ['ours', 'rival'] });
  return [...own, ...rivals.filter(({ rival }) => rival !== undefined)];
}

/** What to compare. `isPaced`: something other than the machine sets the pace, so that a warm-up would change nothing. */
export interface Contest extends Partial<Record<Role, Contestant>> {
  work: string;
  ours: Contestant;
  goals?: Goals;
  isPaced?: boolean;
}

/**
 * Measures the contestants that the scope names, in turn, after one round that isn't counted. Within a round, they run in the
 * order in which the contest names them.
 */
export async function compete(scope: Scope, { work, goals = {}, isPaced = false, ...contestants }: Contest) {
  const { benchmark, size, unit, rounds, roles } = scope;
  const comparison: Comparison = { benchmark, work, size, unit, goals, ours: { seconds: [] } };
  const entries = Object.entries(contestants).filter(([role]) => roles.includes(role as Role)) as [Role, Contestant][];
  for (let round = isPaced ? 1 : 0; round <= rounds; round += 1) {
    const texts: string[] = [];
    for (const [role, { prepare, run }] of entries) {
      await prepare?.();
      const sample = await run();
      texts.push(`${role} ${sample.seconds.toFixed(2)} s`);
      if (round > 0) comparison[role] = withSample(comparison[role], sample);
    }
    print(`${work}, ${formatCount(size)} ${unit}, ${round === 0 ? 'warm-up' : `round ${round}`}: ${texts.join(', ')}`);
  }
  return comparison;
}

function withSample({ seconds, peakBytes = 0 }: Measured = { seconds: [] }, sample: Sample): Measured {
  const measured = { seconds: [...seconds, sample.seconds] };
  return sample.peakBytes === undefined ? measured : { ...measured, peakBytes: Math.max(peakBytes, sample.peakBytes) };
}

/** Prints progress: standard output has only the table, which can be redirected. */
export function print(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** The duration of the work in seconds. */
export async function timed(work: () => Promise<unknown>): Promise<Sample> {
  const startedAt = performance.now();
  await work();
  return { seconds: (performance.now() - startedAt) / 1000 };
}
