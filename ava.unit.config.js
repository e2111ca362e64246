import all from './ava.config.js';
import { unitTests } from './dist/test/support/tiers.js';

export default { ...all, files: unitTests('dist/test') };
