import all from './ava.config.js';

export default { ...all, files: ['dist/test/**/*.slow.test.js'] };
