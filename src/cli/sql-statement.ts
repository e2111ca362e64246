import pg from 'pg';
import PgCursor from 'pg-cursor';
import { type Relation, readRelations } from '../database/catalog.js';
import { type Database, toLedgerError } from '../database/connect.js';
import { type OwnRights, readOwnRights } from '../database/roles.js';
import { LedgerError, UsageError } from '../errors.js';
import { textWidth } from '../text-width.js';
import { printPart } from './print-result.js';
import type { Session } from './session.js';
import type { SqlOutput } from './sql-output.js';

export interface SqlOptions {
  csv?: boolean;
  json?: boolean;
  /** Read with the privileges of the connection's own role. */
  ownRights?: boolean;
  /** Like `ownRights`, even if the role is a superuser. */
  asSuperuser?: boolean;
  write?: boolean;
}

/**
 * A connection that runs the statements of a user, one at a time, each in a transaction of its own. After a statement that
 * failed it can only be closed.
 */
export interface SqlConnection {
  /**
   * Prints the rows of a statement as they arrive.
   *
   * @throws {LedgerError} the statement failed or was cancelled; nothing was changed
   */
  run(statement: string, output: SqlOutput): Promise<void>;
  /** The tables and views that the connection may read. */
  relations(): Promise<Relation[]>;
  /** Cancels the statement that is running, if any. */
  cancel(): void;
  close(): void;
}

const batchSize = 2000;

/**
 * Connects to run statements. By default they are read-only and run as the most privileged reader role that the connection
 * can switch to. With --write, or if there is no such role, they run with the connection's own privileges.
 *
 * @throws {UsageError} the connection is a superuser's, and neither --write nor --as-superuser is given
 */
export async function connectForSql(session: Session, options: SqlOptions): Promise<SqlConnection> {
  const database = options.write ? await session.database() : await session.databaseToRead({ readOnly: true });
  const client = await database.pool.connect();
  const backend = (client as unknown as { processID: number }).processID;
  // The connection may be in the middle of a result, so it can't be reused.
  const close = () => client.release(true);
  try {
    const role = options.write || options.asSuperuser ? undefined : await chooseRole(client, database, options);
    return {
      relations: () => readRelations(client),
      // Fails only if the server is down, and then the statement has ended too.
      cancel: () => void database.pool.query('select pg_cancel_backend($1)', [backend]).catch(() => undefined),
      close,
      run: (statement, output) => run(client, statement, output, { database, options, role }),
    };
  } catch (error) {
    close();
    throw error;
  }
}

async function chooseRole(
  client: pg.PoolClient,
  { serverVersion }: Database,
  { ownRights = false }: SqlOptions,
): Promise<string | undefined> {
  const rights = await readOwnRights(client, serverVersion);
  rejectSuperuser(rights);
  return ownRights ? undefined : (rights.reader ?? undefined);
}

interface Circumstances {
  database: Database;
  options: SqlOptions;
  /** The group role that statements run as. */
  role: string | undefined;
}

async function run(
  client: pg.PoolClient,
  statement: string,
  output: SqlOutput,
  circumstances: Circumstances,
): Promise<void> {
  const { options, role } = circumstances;
  try {
    await client.query(options.write ? 'begin' : 'begin read only');
    if (role !== undefined) await client.query(`set local role ${pg.escapeIdentifier(role)}`);
    const finished = await printRows(client, statement, output, options);
    if (finished) await client.query('commit');
  } catch (error) {
    throw explain(error, statement, circumstances);
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
    if (taken && rows.length > 0) taken = await printPart(output.rows(fields, rows));
    if (!taken && !write) return false;
    if (rows.length < batchSize) {
      if (taken) await printPart(output.end(fields, describeEnd(result, fields, count)));
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

function explain(error: unknown, statement: string, { database, options, role }: Circumstances): unknown {
  const { write = false } = options;
  if (error instanceof LedgerError) return error;
  const { code, position, message, detail, hint } = error as Partial<pg.DatabaseError> & Error;
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
    const lines = [
      `The statement failed: ${message}. Nothing was changed.`,
      ...(position === undefined ? [] : [pointAt(statement, Number(position))]),
      ...(detail === undefined ? [] : [`Detail: ${detail}`]),
    ];
    return new LedgerError(lines.join('\n'), hint === undefined ? {} : { hint: `Hint: ${hint}` });
  }
  return toLedgerError(error, database.describe);
}

/** The line of a statement with a character (counted from 1), with a caret below it. */
function pointAt(statement: string, position: number): string {
  // PostgreSQL counts characters, JavaScript UTF-16 units.
  const before = [...statement].slice(0, position - 1).join('');
  const lineStart = before.lastIndexOf('\n') + 1;
  const line = statement.slice(lineStart).split('\n', 1)[0] ?? '';
  const number = before.split('\n').length;
  const title = `LINE ${number}: `;
  return `${title}${line}\n${' '.repeat(textWidth(title + before.slice(lineStart)))}^`;
}
