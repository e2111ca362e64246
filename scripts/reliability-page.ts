import type { Proof } from '../test/support/proof.js';
import { markdownTable } from './markdown-table.js';

/** What the proofs were made with. */
export interface Circumstances {
  /** YYYY-MM-DD */
  date: string;
  commit: string;
  node: string;
  postgres: string;
}

/** The page docs/reliability.md: what the suites tried, how often, and what was lost. */
export function reliabilityPage(proofs: readonly Proof[], { date, commit, node, postgres }: Circumstances): string {
  const rows = proofs.map(({ promise, faults, points, lost, command }) => [
    promise,
    faults,
    points.toLocaleString('en-US'),
    String(lost),
    `\`${command}\``,
  ]);
  return `# Reliability

What was tried against tn-ledger's promises, and what was lost. \`npm run reliability\` runs these suites and writes this page only if
all of them pass. Last run: ${date}, commit ${commit}, Node.js ${node}, PostgreSQL ${postgres}.

${markdownTable(['Promise', 'What was done', 'Points', 'Lost', 'To repeat'], rows)}

## What the suites do

The crash suite (\`test/crash/\`) starts the sandbox API with a small account, and runs \`tn-ledger run nightly\` twice, with assignment
files in the inbox and a billing report. Between the runs numbers are ordered, ported and disconnected. At each point, one run is
disturbed. A point is counted in requests to the API or in commits of the database, not in time: before a request arrives or when its
response is lost, before a commit arrives, while it is in progress, or when it is done and the program doesn't know. Then the command is
repeated until it succeeds, three times at most. Every table of the database, every file and every order at the API must be what undisturbed
runs leave, except for what \`test/crash/contents.ts\` lists, with the reasons. The database crashes by \`SIGKILL\` of its main process and
restarts on the same data; \`fsync\` is off, so a loss of power is not tested.

The fault suites (\`test/sync/faults.slow.test.ts\`, \`test/faults/\`) run nightly runs while responses are faulty (429, 500, a reset or stalled
connection, a truncated body, HTML, a page that repeats the one before, links that are not XML), while lists and servers are damaged on
purpose, while connections to the database are lost before or after a message takes effect, and while its disk is full, it is read-only or a
table is locked. What the ledger has afterwards is compared with what an undisturbed run leaves, or with what it had before.

The fuzzer (\`test/fuzz/\`) mutates what others write and the program reads; see [security.md](security.md#fuzzing).
[mutation-testing.md](mutation-testing.md) says which faults in the program itself the tests notice.
`;
}
