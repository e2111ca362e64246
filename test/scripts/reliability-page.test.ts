import test from 'ava';
import { reliabilityPage } from '../../scripts/reliability-page.js';

test('the page has each proof as a row, and what the proofs were made with', (t) => {
  const page = reliabilityPage(
    [{ promise: 'Nothing is lost', faults: 'a | crash', points: 1200, lost: 0, command: 'npm run test:crash' }],
    { date: '2026-11-30', commit: 'abc1234', node: '20.20.0', postgres: '18.4' },
  );
  t.true(page.includes('| Nothing is lost | a \\| crash | 1,200 | 0 | `npm run test:crash` |'), page);
  t.true(page.includes('Last run: 2026-11-30, commit abc1234, Node.js 20.20.0, PostgreSQL 18.4.'), page);
});
