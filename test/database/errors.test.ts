import test from 'ava';
import {
  checkServerVersion,
  describeEmbedded,
  isDatabaseError,
  OutageError,
  toLedgerError,
} from '../../src/database/errors.js';
import { InterruptedError } from '../../src/errors.js';

test('PostgreSQL 15 is accepted, and the error for an older one shows its usual version number', (t) => {
  t.is(checkServerVersion(150000, 'here'), undefined);
  t.is(checkServerVersion(180004, 'here'), undefined);
  t.regex(checkServerVersion(120022, 'here')?.message ?? '', /PostgreSQL 12\.22, but 15 or later is required/);
  t.regex(checkServerVersion(90624, 'here')?.message ?? '', /PostgreSQL 9\.6\.24/);
});

test('a LedgerError is returned unchanged', (t) => {
  const error = new InterruptedError('stopped');
  t.is(toLedgerError(error, 'here'), error);
});

test('an unknown error keeps its message, code, and location, without the values of the row', (t) => {
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

test('a connection that the driver gives up is an outage, not an error of the program', (t) => {
  for (const message of [
    'timeout expired',
    'timeout exceeded when trying to connect',
    'Connection terminated due to connection timeout',
    'Query read timeout',
    'Client was closed and is not queryable',
  ]) {
    const error = new Error(message);
    t.true(isDatabaseError(error), message);
    t.true(toLedgerError(error, 'db:5432/ledger') instanceof OutageError, message);
  }
  t.false(isDatabaseError(new TypeError('x is not a function')));
});

test('the error for a file that can’t be moved names the file, not the database', (t) => {
  const cause = Object.assign(new Error("EACCES: permission denied, rename '/inbox/a.csv' -> '/done/a.csv'"), {
    code: 'EACCES',
    syscall: 'rename',
    path: '/inbox/a.csv',
  });
  const error = toLedgerError(cause, 'db:5432/ledger');
  t.is(error.message, `/inbox/a.csv can't be used: ${cause.message}`);
  t.regex(error.hint ?? '', /^Give the user that runs tn-ledger read and write access to it and its folder/);
  const socket = new Error('connect EACCES /run/.s.PGSQL.5432');
  Object.assign(socket, { code: 'EACCES', syscall: 'connect', path: '/run/.s.PGSQL.5432' });
  t.regex(toLedgerError(socket, 'db:5432/ledger').message, /^The database db:5432\/ledger is not reachable/);
});

test('the embedded server has its own fixes, which do not mention DATABASE_URL', (t) => {
  for (const code of ['ECONNREFUSED', '28P01', '53100', '53300', '57P01', '57P03', 'ECONNRESET']) {
    const cause = Object.assign(new Error('…'), { code });
    t.regex(toLedgerError(cause, 'db:5432/ledger').message, /^The database db:5432\/ledger /);
    const error = toLedgerError(cause, describeEmbedded('/srv/data'));
    t.regex(error.message, /^The embedded PostgreSQL in \/srv\/data /);
    t.truthy(error.hint);
    t.notRegex(error.hint ?? '', /DATABASE_URL/, code);
  }
});
