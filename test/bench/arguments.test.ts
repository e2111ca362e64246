import test from 'ava';
import { type BenchArguments, defineArguments, readArguments } from '../../bench/arguments.js';

/** The arguments, or the message about what is wrong with them. */
function read(...args: string[]): BenchArguments | string {
  const command = defineArguments(['numbers', 'billing']).exitOverride();
  let message = '';
  command.configureOutput({ writeErr: (text) => (message += text) });
  try {
    return readArguments(command.parse(args, { from: 'user' }));
  } catch {
    return message;
  }
}

test('without arguments, all benchmarks run at full size in five rounds, and nothing is written', (t) => {
  t.deepEqual(read(), { names: [], rounds: 5, scale: 1, write: false });
});

test('benchmarks, rounds and scale can be chosen', (t) => {
  t.deepEqual(read('billing', '--scale', '0.01', '--rounds', '2', 'numbers', '--write'), {
    names: ['billing', 'numbers'],
    rounds: 2,
    scale: 0.01,
    write: true,
  });
});

for (const [args, problem] of [
  [['bills'], /'bills' is invalid.*Allowed choices are numbers, billing\./],
  [['--scale', '0.5'], /'0\.5' is invalid.*Allowed choices are 0\.01, 0\.1, 1\./],
  [['--rounds', '0'], /'0' is invalid\. Give a whole number from 1 to 99\./],
  [['--fast'], /unknown option '--fast'/],
] as const) {
  test(`${args.join(' ')} is refused with the reason and the usage`, (t) => {
    const message = read(...args);
    t.regex(String(message), problem);
    t.regex(String(message), /Usage: npm run bench -- \[options\] \[name\.\.\.\]/);
  });
}
