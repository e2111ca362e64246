export default {
  files: ['dist/test/**/*.soak.js'],
  require: ['./dist/test/soak/end-worker.js'],
  workerThreads: false,
  serial: true,
  concurrency: 1,
  timeout: '60m',
};
