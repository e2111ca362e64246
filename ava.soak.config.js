export default {
  files: ['dist/test/**/*.soak.js'],
  workerThreads: false,
  serial: true,
  concurrency: 1,
  timeout: '60m',
};
