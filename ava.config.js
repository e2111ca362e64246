import { resolve } from 'node:path';
import { prepareRun } from './dist/test/support/prepare-run.js';
import { unitTests } from './dist/test/support/tiers.js';

const unit = new Set(unitTests(resolve('dist/test')));

export default {
  ...prepareRun(1),
  files: ['dist/test/**/*.test.js', '!dist/test/**/*.slow.test.js'],
  // Two tiers in one run: the unit tests come first.
  sortTestFiles: (one, other) => Number(unit.has(other)) - Number(unit.has(one)) || (one < other ? -1 : 1),
  workerThreads: false,
  concurrency: 3,
  require: ['./dist/test/support/usual-umask.js', ['./dist/test/support/watchdog.js', 60]],
  timeout: '4m',
};
