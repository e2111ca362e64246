import test from 'ava';
import { describeFailure } from '../../src/cli/failure.js';
import { explain } from '../../src/cli/session.js';

const database = { describe: 'db:5432/ledger' };

test('a connection that times out is reported as an outage with its fix, and a bug with its stack trace', (t) => {
  const timeout = describeFailure(explain(new Error('timeout expired'), database));
  t.regex(timeout, /^The database db:5432\/ledger is not reachable.*: timeout expired\n./);
  t.notRegex(timeout, /internal error|\n\s+at /);
  const bug = new TypeError('x is not a function');
  t.is(explain(bug, database), bug);
  t.is(explain(bug, undefined), bug);
});
