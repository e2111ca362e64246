import { prepareRun } from './dist/test/support/prepare-run.js';
import { sizedTests } from './dist/test/support/tiers.js';

const { environmentVariables } = prepareRun(Date.now() % 1_000_000);

export default {
  environmentVariables: { ...environmentVariables, TN_LEDGER_TEST_SOAK: 'yes' },
  // Sized tests are part of `npm test`, smaller and with a fixed seed.
  files: ['dist/test/**/*.soak.js', ...sizedTests('dist/test')],
  workerThreads: false,
  serial: true,
  concurrency: 1,
  require: ['./dist/test/support/usual-umask.js', ['./dist/test/support/watchdog.js', 60]],
  timeout: '60m',
};
