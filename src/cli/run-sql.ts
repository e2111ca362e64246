import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import type pg from 'pg';
import PgCursor from 'pg-cursor';
import { type Database, toLedgerError } from '../database/connect.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import type { Session } from './session.js';
import type { SqlOptions } from './sql.js';
import { csvOutput, jsonOutput, type SqlOutput, tableOutput } from './sql-output.js';

const rowsAtATime = 2000;

/** Runs one statement, read-only unless asked otherwise, and prints its rows as they come (a table once all are there). */
export async function runSql(session: Session, query: string | undefined, options: SqlOptions): Promise<ExitStatus> {
  if (options.csv && options.json) throw new UsageError('Give --csv or --json, not both.');
  const statement = (query ?? (await readStandardInput(session.signal))).trim();
  if (statement === '' || statement === ';')
    throw new UsageError('There is no SQL to run.', { hint: 'Give a statement as the argument or on standard input.' });
  const database = await session.database({ readOnly: !options.write });
  const client = await database.pool.connect();
  const stopWatching = cancelWhenAborted(database, client, session.signal);
  try {
    await client.query(options.write ? 'begin' : 'begin read only');
    if (!options.write && !options.asSuperuser) await refuseSuperuser(client);
    const output = options.csv ? csvOutput() : options.json ? jsonOutput() : tableOutput();
    const finished = await printRows(client, statement, output, options);
    if (finished) await client.query('commit');
    return exitStatus.done;
  } catch (error) {
    session.signal.throwIfAborted();
    throw explain(error, database.describe, options);
  } finally {
    stopWatching();
    // The connection may be in the middle of a result: it is not used again.
    client.release(true);
  }
}

/** A read-only transaction keeps a superuser neither from running programs on the server (COPY) nor from its files. */
async function refuseSuperuser(client: pg.PoolClient): Promise<void> {
  const { rows } = await client.query("select current_setting('is_superuser') = 'on' as is, current_user as name");
  if (!rows[0].is) return;
  throw new UsageError(
    `DATABASE_URL connects as ${rows[0].name}, a superuser, whom a read-only transaction does not keep from running programs and writing files on the server. Nothing was run.`,
    { hint: 'Connect as another role, such as a member of tn_ledger_reader, or add --as-superuser.' },
  );
}

async function readStandardInput(signal: AbortSignal): Promise<string> {
  if (process.stdin.isTTY) process.stderr.write('Type one SQL statement, then Ctrl-D.\n');
  try {
    return await text(addAbortSignal(signal, process.stdin));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}

function cancelWhenAborted(database: Database, client: pg.PoolClient, signal: AbortSignal): () => void {
  const backend = (client as unknown as { processID: number }).processID;
  // Fails only where the server is gone, and the statement with it.
  const cancel = () => void database.pool.query('select pg_cancel_backend($1)', [backend]).catch(() => undefined);
  if (signal.aborted) cancel();
  signal.addEventListener('abort', cancel, { once: true });
  return () => signal.removeEventListener('abort', cancel);
}

/** Answers false where it left off because nobody takes the output any more; a statement that writes is carried out all the same. */
async function printRows(
  client: pg.PoolClient,
  statement: string,
  output: SqlOutput,
  { write = false }: SqlOptions,
): Promise<boolean> {
  // Values as PostgreSQL writes them, so that no digit of a number and no part of a second is lost.
  const types = { getTypeParser: () => (value: string) => value };
  const cursor = client.query(refuseCopy(new PgCursor(statement, [], { rowMode: 'array', types })));
  let fields: pg.FieldDef[] = [];
  let count = 0;
  let taken = true;
  for (;;) {
    const { rows, result } = await nextRows(cursor);
    fields = result.fields ?? fields;
    count += rows.length;
    if (taken && rows.length > 0) taken = await print(output.rows(fields, rows));
    if (!taken && !write) return false;
    if (rows.length < rowsAtATime) {
      if (taken) await print(output.end(fields, describeEnd(result, fields, count)));
      return true;
    }
  }
}

type TextRow = (string | null)[];

function nextRows(cursor: PgCursor): Promise<{ rows: TextRow[]; result: pg.QueryResult }> {
  return new Promise((resolve, reject) => {
    cursor.read(rowsAtATime, (error, rows, result) =>
      error ? reject(error) : resolve({ rows: rows as TextRow[], result }),
    );
  });
}

/** `5 rows`, `UPDATE 12`, `CREATE`: only statements that count rows tell how many. */
function describeEnd({ command, rowCount }: pg.QueryResult, fields: readonly pg.FieldDef[], count: number): string {
  if (/^(INSERT|UPDATE|DELETE|MERGE)$/.test(command)) return `${command} ${rowCount ?? 0}`;
  return fields.length > 0 ? `${count} ${count === 1 ? 'row' : 'rows'}` : command;
}

/** COPY to or from the client has a protocol of its own, for which the driver's cursor has no ear: it would end the process. */
function refuseCopy(cursor: PgCursor): PgCursor {
  let refused = false;
  const refuse = () => {
    if (refused) return;
    refused = true;
    (cursor as unknown as { handleError(error: Error): void }).handleError(
      new LedgerError('`tn-ledger sql` does not copy to or from standard streams. Nothing was changed.', {
        hint: 'To get rows out, give the query with --csv.',
      }),
    );
  };
  return Object.assign(cursor, { handleCopyInResponse: refuse, handleCopyData: refuse });
}

/** Answers false when nobody takes the output any more (`| head`), or it cannot be written, which `main` tells. */
function print(text: string): Promise<boolean> {
  if (text === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === undefined || error === null));
  });
}

function explain(error: unknown, describe: string, { write = false }: SqlOptions): unknown {
  if (error instanceof LedgerError) return error;
  const { code, position, message } = error as Error & { code?: string; position?: string };
  if (code === '25006' && !write) {
    return new LedgerError('The statement would write, and `tn-ledger sql` only reads. Nothing was changed.', {
      hint: 'Add --write if that is what you want.',
    });
  }
  if (code === '42601' && /multiple commands/.test(message)) {
    return new UsageError('There is more than one statement, and `tn-ledger sql` runs one. Nothing was changed.', {
      hint: 'Give them one by one.',
    });
  }
  if (code === '08P01' && /bind message supplies/.test(message)) {
    return new UsageError('The statement has parameters ($1, …), and `tn-ledger sql` has no values for them.', {
      hint: 'Write the values into the statement.',
    });
  }
  // Classes 42 (syntax, names), 22 (values), 23 (constraints), 25 (not in a transaction) and 0A (not supported) are the
  // statement's own, as is 42501 (permission), which has a mend of its own; anything else is the server's.
  if (/^(42|22|23|25001|0A|P0)/.test(code ?? '') && code !== '42501') {
    const place = position === undefined ? '' : ` (at character ${position})`;
    return new LedgerError(`The statement failed: ${message}${place}. Nothing was changed.`);
  }
  return toLedgerError(error, describe);
}
