/**
 * Mutation testing: `MUTATION_GROUP=paging npm run test:mutation`. Each group has the code that is mutated and the tests that must notice it.
 * The command runner starts ava for each mutant, so a group takes minutes to an hour.
 */
const groups = {
  redaction: { mutate: ['src/redact.ts'], tests: ['redact.test.js'] },
  paging: {
    mutate: ['src/dashboard/pager.ts', 'src/dashboard/links.ts', 'src/dashboard/page-size.ts'],
    tests: ['dashboard/pager.test.js', 'dashboard/links.test.js'],
  },
  windows: { mutate: ['src/sync/windows/*.ts'], tests: ['sync/windows.test.js'] },
  'rate-limit': {
    mutate: ['src/dashboard/rate-limit.ts', 'src/dashboard/account-queue.ts', 'src/database/request-leases.ts'],
    tests: ['dashboard/rate.test.js', 'database/request-leases.test.js'],
  },
  submission: {
    mutate: [
      'src/assignment/chunks.ts',
      'src/assignment/find-order.ts',
      'src/assignment/submit.ts',
      'src/assignment/resolve-unknown.ts',
    ],
    tests: ['assignment/assign-file.test.js', 'assignment/unknown-outcome.test.js'],
  },
  snapshots: {
    mutate: ['src/sync/snapshot.ts'],
    tests: ['sync/completeness.slow.test.js'],
    config: 'ava.slow.config.js',
  },
};

const name = process.env.MUTATION_GROUP ?? 'redaction';
const group = groups[name];
if (group === undefined) throw new Error(`There is no group ${name}. Groups: ${Object.keys(groups).join(', ')}.`);
const { mutate, tests, config = 'ava.config.js' } = group;

export default {
  mutate,
  testRunner: 'command',
  buildCommand: 'npm run build',
  // Stryker would rewrite paths in tsconfig.json with an API that TypeScript 7 doesn't have; there are none to rewrite.
  tsconfigFile: 'none',
  commandRunner: {
    command: `node node_modules/ava/entrypoints/cli.mjs --config ${config} --fail-fast ${tests.map((file) => `dist/test/${file}`).join(' ')}`,
  },
  ignorePatterns: ['dist', 'data', 'docs', 'deploy', 'bench'],
  concurrency: 2,
  timeoutMS: 30_000,
  // What only changes the words of a message is not a fault.
  mutator: { excludedMutations: ['StringLiteral'] },
  reporters: ['clear-text', 'progress-append-only'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  tempDirName: '.stryker-tmp',
};
