import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { stringify } from 'csv-stringify/sync';
import type pg from 'pg';
import PgCursor from 'pg-cursor';
import { toLedgerError } from '../database/connect.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { formatTable } from './format.js';
import type { Session } from './session.js';
import type { SqlOptions } from './sql.js';

const rowsAtATime = 2000;

/** Runs one statement, read-only unless asked otherwise, and prints its rows as they come (a table once all are there). */
export async function runSql(session: Session, query: string | undefined, options: SqlOptions): Promise<ExitStatus> {
  if (options.csv && options.json) throw new UsageError('Give --csv or --json, not both.');
  const statement = (query ?? (await text(process.stdin))).trim();
  if (statement === '')
    throw new UsageError('There is no SQL to run.', { hint: 'Give a statement as the argument or on standard input.' });
  const database = await session.database({ readOnly: !options.write });
  const client = await database.pool.connect();
  try {
    await client.query(options.write ? 'begin' : 'begin read only');
    const output = options.csv ? csvOutput() : options.json ? jsonOutput() : tableOutput();
    await readStatement(client, statement, output, session.signal);
    await client.query('commit');
    return exitStatus.done;
  } catch (error) {
    throw explain(error, database.describe, options);
  } finally {
    // The connection may be in the middle of a result: it is not used again.
    client.release(true);
  }
}

interface Output {
  /** Whether values are wanted as JavaScript's types rather than as text. */
  typed?: boolean;
  rows(fields: readonly string[], rows: unknown[][]): string;
  end(fields: readonly string[], tag: string): string;
}

async function readStatement(
  client: pg.PoolClient,
  statement: string,
  output: Output,
  signal: AbortSignal,
): Promise<void> {
  // Values as PostgreSQL writes them, so that no digit of a numeric or a time is lost; JSON alone has types of its own.
  const types = output.typed ? undefined : { getTypeParser: () => (value: string) => value };
  const cursor = client.query(new PgCursor(statement, [], { rowMode: 'array', ...(types && { types }) }));
  let fields: string[] = [];
  let count = 0;
  for (;;) {
    const { rows, result } = await nextRows(cursor);
    signal.throwIfAborted();
    fields = result.fields?.map((field) => field.name) ?? fields;
    count += rows.length;
    if (rows.length > 0) await print(output.rows(fields, rows));
    if (rows.length < rowsAtATime) {
      await print(
        output.end(
          fields,
          result.command === 'SELECT' || result.command === undefined
            ? `${count} rows`
            : `${result.command} ${result.rowCount ?? 0}`,
        ),
      );
      return;
    }
  }
}

function nextRows(cursor: PgCursor): Promise<{ rows: unknown[][]; result: pg.QueryResult }> {
  return new Promise((resolve, reject) => {
    cursor.read(rowsAtATime, (error, rows, result) =>
      error ? reject(error) : resolve({ rows: rows as unknown[][], result }),
    );
  });
}

async function print(text: string): Promise<void> {
  if (text !== '' && !process.stdout.write(text)) await once(process.stdout, 'drain');
}

function tableOutput(): Output {
  const all: string[][] = [];
  const numeric = new Map<number, boolean>();
  return {
    rows(_fields, rows) {
      for (const row of rows) {
        all.push(row.map((value) => (value === null ? '' : String(value))));
        for (const [index, value] of row.entries()) {
          if (value !== null)
            numeric.set(index, (numeric.get(index) ?? true) && /^-?\d{1,9}(\.\d+)?$/.test(String(value)));
        }
      }
      return '';
    },
    end(fields, tag) {
      if (fields.length === 0) return `${tag}\n`;
      const right = [...numeric].filter(([, isNumeric]) => isNumeric).map(([index]) => index);
      return `${formatTable(fields, all, { right })}\n(${tag})\n`;
    },
  };
}

function csvOutput(): Output {
  let headed = false;
  const head = (fields: readonly string[]) => {
    if (headed) return '';
    headed = true;
    return stringify([[...fields]]);
  };
  return {
    rows: (fields, rows) => head(fields) + stringify(rows),
    end: (fields, tag) => (fields.length === 0 ? `${tag}\n` : head(fields)),
  };
}

function jsonOutput(): Output {
  let written = 0;
  return {
    typed: true,
    rows(fields, rows) {
      const lines = rows.map((row) =>
        JSON.stringify(Object.fromEntries(fields.map((field, index) => [field, row[index]]))),
      );
      const text = `${written === 0 ? '[\n' : ',\n'}${lines.join(',\n')}`;
      written += rows.length;
      return text;
    },
    end: () => (written === 0 ? '[]\n' : '\n]\n'),
  };
}

function explain(error: unknown, describe: string, { write = false }: SqlOptions): unknown {
  if (error instanceof LedgerError) return error;
  const { code, position } = error as { code?: string; position?: string };
  if (code === '25006' && !write) {
    return new LedgerError('The statement would write, and `tn-ledger sql` only reads. Nothing was changed.', {
      hint: 'Add --write if that is what you want.',
    });
  }
  // Classes 42 (syntax, names), 22 (values) and 23 (constraints) are the statement's own; anything else is the server's.
  if (/^(42|22|23|0A)/.test(code ?? '') && code !== '42501') {
    const place = position === undefined ? '' : ` (at character ${position})`;
    return new LedgerError(`The statement failed: ${(error as Error).message}${place}. Nothing was changed.`);
  }
  return toLedgerError(error, describe);
}
