import { appendFileSync } from 'node:fs';

/** What a suite has shown: a row of docs/reliability.md. */
export interface Proof {
  /** What tn-ledger promises. */
  promise: string;
  /** What was done against it. */
  faults: string;
  /** How often. */
  points: number;
  /** Differences from what an undisturbed run leaves: numbers, rows or orders. */
  lost: number;
  /** Repeats it. */
  command: string;
}

/** Keeps a proof for `npm run reliability`, which names a file for all of them; other runs keep none. */
export function recordProof(proof: Proof): void {
  const file = process.env.TN_LEDGER_TEST_PROOFS;
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(proof)}\n`);
}
