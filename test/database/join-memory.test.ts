import test from 'ava';
import { createJoinMemory } from '../../src/database/join-memory.js';

test('a join that is alone gets the most memory, and concurrent ones share what is left', (t) => {
  const memory = createJoinMemory();
  const shares = Array.from({ length: 8 }, () => memory.take());
  t.deepEqual(
    shares.map(({ workMem }) => workMem),
    ['192MB', '96MB', '48MB', '32MB', '32MB', '32MB', '32MB', '32MB'],
  );
  for (const share of shares) {
    share.release();
    share.release();
  }
  t.is(memory.take().workMem, '192MB');
});
