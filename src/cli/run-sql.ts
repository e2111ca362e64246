import { addAbortSignal } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import type { Session } from './session.js';
import { csvOutput, jsonOutput, tableOutput } from './sql-output.js';
import { connectForSql, type SqlOptions } from './sql-statement.js';

/**
 * Runs one statement and prints its rows as they arrive (a table, at the end). On a terminal and without a statement, opens
 * a shell.
 */
export async function runSql(session: Session, query: string | undefined, options: SqlOptions): Promise<ExitStatus> {
  if (options.csv && options.json) throw new UsageError('--csv and --json cannot be combined.');
  if (query === undefined && process.stdin.isTTY && process.stdout.isTTY) {
    const { runSqlShell } = await import('./sql-shell.js');
    return runSqlShell(session, options);
  }
  const statement = (query ?? (await readStandardInput(session))).trim();
  if (statement === '' || statement === ';')
    throw new UsageError('There is no SQL to run.', { hint: 'Pass a statement as the argument or on standard input.' });
  const connection = await connectForSql(session, options);
  const cancel = () => connection.cancel();
  if (session.signal.aborted) cancel();
  session.signal.addEventListener('abort', cancel, { once: true });
  try {
    await connection.run(statement, options.csv ? csvOutput() : options.json ? jsonOutput() : tableOutput());
    return exitStatus.done;
  } catch (error) {
    session.signal.throwIfAborted();
    throw error;
  } finally {
    session.signal.removeEventListener('abort', cancel);
    connection.close();
  }
}

async function readStandardInput({ signal, printMessage }: Session): Promise<string> {
  if (process.stdin.isTTY) printMessage('info', 'Type one SQL statement, then press Ctrl-D.');
  try {
    return await text(addAbortSignal(signal, process.stdin));
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  }
}
