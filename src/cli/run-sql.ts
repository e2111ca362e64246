import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import pg from 'pg';
import PgCursor from 'pg-cursor';
import { type Database, toLedgerError } from '../database/connect.js';
import { type OwnRights, readOwnRights } from '../database/roles.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import type { Session } from './session.js';
import { csvOutput, jsonOutput, type SqlOutput, tableOutput } from './sql-output.js';

export interface SqlOptions {
  csv?: boolean;
  json?: boolean;
  /** Read with the privileges of the connection's own role. */
  ownRights?: boolean;
  /** Like `ownRights`, even if the role is a superuser. */
  asSuperuser?: boolean;
  write?: boolean;
}

const batchSize = 2000;

/**
 * Runs one statement and prints its rows as they arrive (a table, at the end). By default the statement is read-only and runs
 * as the most privileged reader role that the connection can switch to. With --write, or if there is no such role, it runs with
 * the connection's own privileges.
 */
export async function runSql(session: Session, query: string | undefined, options: SqlOptions): Promise<ExitStatus> {
  if (options.csv && options.json) throw new UsageError('--csv and --json cannot be combined.');
  const statement = (query ?? (await readStandardInput(session.signal))).trim();
  if (statement === '' || statement === ';')
    throw new UsageError('There is no SQL to run.', { hint: 'Pass a statement as the argument or on standard input.' });
  const database = options.write ? await session.database() : await session.databaseToRead({ readOnly: true });
  const client = await database.pool.connect();
  const stopWatching = cancelWhenAborted(database, client, session.signal);
  let role: string | undefined;
  try {
    await client.query(options.write ? 'begin' : 'begin read only');
    if (!options.write && !options.asSuperuser) {
      const rights = await readOwnRights(client, database.serverVersion);
      rejectSuperuser(rights);
      if (!options.ownRights && rights.reader !== null) role = rights.reader;
    }
    if (role !== undefined) await client.query(`set local role ${pg.escapeIdentifier(role)}`);
    const output = options.csv ? csvOutput() : options.json ? jsonOutput() : tableOutput();
    const finished = await printRows(client, statement, output, options);
    if (finished) await client.query('commit');
    return exitStatus.done;
  } catch (error) {
    session.signal.throwIfAborted();
    throw explain(error, database.describe, { ...options, role });
  } finally {
    stopWatching();
    // The connection may be in the middle of a result, so it can't be reused.
    client.release(true);
  }
}

/**
 * A read-only transaction doesn't keep a superuser from running programs or accessing files on the server (COPY). Switching to
 * another role doesn't help, because a statement can switch back.
 */
function rejectSuperuser({ user, isSuperuser }: OwnRights): void {
  if (!isSuperuser) return;
  throw new UsageError(
    `DATABASE_URL connects as ${user}, a superuser. Even in a read-only transaction, a superuser can run programs and write files on the server. Nothing was run.`,
    { hint: 'Connect as another role, such as a member of tn_ledger_reader, or add --as-superuser.' },
  );
}

async function readStandardInput(signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Type one SQL statement, then press Ctrl-D.\n');
  try {
    return await text(addAbortSignal(signal, process.stdin));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function cancelWhenAborted(database: Database, client: pg.PoolClient, signal: AbortSignal): () => void {
  const backend = (client as unknown as { processID: number }).processID;
  // Fails only if the server is down, and then the statement has ended too.
  const cancel = () => void database.pool.query('select pg_cancel_backend($1)', [backend]).catch(() => undefined);
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

/** Returns false if it stopped early because the output was closed. A statement that writes is always executed completely. */
async function printRows(
  client: pg.PoolClient,
  statement: string,
  output: SqlOutput,
  { write = false }: SqlOptions,
): Promise<boolean> {
  // Keeps values as PostgreSQL's text, to preserve all digits of numbers and fractions of seconds.
  const types = { getTypeParser: () => (value: string) => value };
  const cursor = client.query(rejectCopy(new PgCursor(statement, [], { rowMode: 'array', types })));
  let fields: pg.FieldDef[] = [];
  let count = 0;
  let taken = true;
  for (;;) {
    const { rows, result } = await nextRows(cursor);
    fields = result.fields ?? fields;
    count += rows.length;
    if (taken && rows.length > 0) taken = await print(output.rows(fields, rows));
    if (!taken && !write) return false;
    if (rows.length < batchSize) {
      if (taken) await print(output.end(fields, describeEnd(result, fields, count)));
      return true;
    }
  }
}

type TextRow = (string | null)[];

function nextRows(cursor: PgCursor): Promise<{ rows: TextRow[]; result: pg.QueryResult }> {
  return new Promise((resolve, reject) => {
    cursor.read(batchSize, (error, rows, result) =>
      error ? reject(error) : resolve({ rows: rows as TextRow[], result }),
    );
  });
}

/** `5 rows`, `UPDATE 12`, `CREATE`. */
function describeEnd({ command, rowCount }: pg.QueryResult, fields: readonly pg.FieldDef[], count: number): string {
  if (/^(INSERT|UPDATE|DELETE|MERGE)$/.test(command)) return `${command} ${rowCount ?? 0}`;
  return fields.length > 0 ? `${count} ${count === 1 ? 'row' : 'rows'}` : command;
}

/** COPY to or from the client uses a separate protocol that the driver's cursor doesn't handle: it would crash the process. */
function rejectCopy(cursor: PgCursor): PgCursor {
  let rejected = false;
  const reject = () => {
    if (rejected) return;
    rejected = true;
    (cursor as unknown as { handleError(error: Error): void }).handleError(
      new LedgerError('`tn-ledger sql` does not support COPY to or from standard streams. Nothing was changed.', {
        hint: 'To export rows, run a query with --csv.',
      }),
    );
  };
  return Object.assign(cursor, { handleCopyInResponse: reject, handleCopyData: reject });
}

/** Returns false if the output is closed (`| head`) or can't be written, which `main` reports. */
function print(text: string): Promise<boolean> {
  if (text === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === undefined || error === null));
  });
}

interface Circumstances extends SqlOptions {
  /** The group role that the statement ran as. */
  role: string | undefined;
}

function explain(error: unknown, describe: string, { write = false, role }: Circumstances): unknown {
  if (error instanceof LedgerError) return error;
  const { code, position, message } = error as Error & { code?: string; position?: string };
  if (code === '25006' && !write) {
    return new LedgerError(
      'The statement would write, but `tn-ledger sql` is read-only by default. Nothing was changed.',
      {
        hint: 'Add --write to allow it.',
      },
    );
  }
  if (code === '42501' && role !== undefined) {
    return new LedgerError(
      `The statement failed: ${message}. It ran as ${role}, which can only read the ledger. Nothing was changed.`,
      { hint: 'Add --own-rights to read with the privileges of the role in DATABASE_URL.' },
    );
  }
  if (code === '42601' && /multiple commands/.test(message)) {
    return new UsageError('There is more than one statement, but `tn-ledger sql` runs only one. Nothing was changed.', {
      hint: 'Run the statements one at a time.',
    });
  }
  if (code === '08P01' && /bind message supplies/.test(message)) {
    return new UsageError('The statement has parameters ($1, …), which `tn-ledger sql` does not support.', {
      hint: 'Write the values into the statement.',
    });
  }
  // Classes 42 (syntax, names), 22 (values), 23 (constraints), 25 (transaction state) and 0A (not supported) are errors of the
  // statement. So is 42501 (permission), which has its own fix. Anything else is a server error.
  if (/^(42|22|23|25001|0A|P0)/.test(code ?? '') && code !== '42501') {
    const place = position === undefined ? '' : ` (at character ${position})`;
    return new LedgerError(`The statement failed: ${message}${place}. Nothing was changed.`);
  }
  return toLedgerError(error, describe);
}
