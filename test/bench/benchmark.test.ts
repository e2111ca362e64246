import test from 'ava';
import { compete, runBenchmark } from '../../bench/benchmark.js';

const contestant = (seconds: number) => ({ run: async () => ({ seconds }) });
const benchmark = {
  ...{ name: 'work', size: 1000, unit: 'things', rivalSize: 100 },
  measure: async (scope: Parameters<typeof compete>[0]) => [
    await compete(scope, { work: 'some', ours: contestant(2), floor: contestant(1), rival: contestant(6) }),
    await compete(scope, { work: 'other', ours: contestant(2), floor: contestant(1) }),
  ],
};

test('above the size that the rival can do, it is compared with ours at that size, and the floor at the full one', async (t) => {
  const measured = (await runBenchmark(benchmark, 1, 2)).map(({ work, size, ours, floor, rival }) => [
    ...[work, size, ours.seconds.length, floor?.seconds, rival?.seconds],
  ]);
  t.deepEqual(measured, [
    ['some', 1000, 2, [1, 1], undefined],
    ['other', 1000, 2, [1, 1], undefined],
    ['some', 100, 2, undefined, [6, 6]],
  ]);
});

test('up to that size, all three are compared at once', async (t) => {
  const [some] = await runBenchmark(benchmark, 0.1, 1);
  t.like(some, { size: 100, ours: { seconds: [2] }, floor: { seconds: [1] }, rival: { seconds: [6] } });
});
