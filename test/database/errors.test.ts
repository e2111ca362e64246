import test from 'ava';
import { checkServerVersion, describeEmbedded, toLedgerError } from '../../src/database/errors.js';
import { InterruptedError } from '../../src/errors.js';

test('PostgreSQL 15 is new enough, and anything older is named with its version as people write it', (t) => {
  t.is(checkServerVersion(150000, 'here'), undefined);
  t.is(checkServerVersion(180004, 'here'), undefined);
  t.regex(checkServerVersion(120022, 'here')?.message ?? '', /PostgreSQL 12\.22, and 15 or later is needed/);
  t.regex(checkServerVersion(90624, 'here')?.message ?? '', /PostgreSQL 9\.6\.24/);
});

test('an error that is already meant for the reader stays what it is', (t) => {
  const error = new InterruptedError('stopped');
  t.is(toLedgerError(error, 'here'), error);
});

test('an unknown error keeps its message, its code and its place, without the values of the row', (t) => {
  const cause = Object.assign(new Error('invalid input syntax for type date'), {
    code: '22007',
    where: 'COPY page, line 5, column called_at: "2015-13-01 from 9195550100"\nSQL function "x"',
    schema: 'tn_ledger',
    table: 'page',
    detail: 'Key (telephone_number)=(9195550100)',
  });
  const error = toLedgerError(cause, 'db:5432/ledger');
  t.is(
    error.message,
    'Database db:5432/ledger: invalid input syntax for type date (SQLSTATE 22007, table tn_ledger.page, COPY page, line 5, column called_at)',
  );
  t.is(error.cause, cause);
});

test('the embedded server has mends of its own, which do not speak of DATABASE_URL', (t) => {
  for (const code of ['ECONNREFUSED', '28P01', '53100', '53300', '57P01', '57P03', 'ECONNRESET']) {
    const cause = Object.assign(new Error('…'), { code });
    t.regex(toLedgerError(cause, 'db:5432/ledger').message, /^The database db:5432\/ledger /);
    const error = toLedgerError(cause, describeEmbedded('/srv/data'));
    t.regex(error.message, /^The embedded PostgreSQL in \/srv\/data /);
    t.truthy(error.hint);
    t.notRegex(error.hint ?? '', /DATABASE_URL/, code);
  }
});
