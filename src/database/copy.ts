import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import type pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';

export type CopyValue = string | null | undefined;

/** Characters of COPY text per write: large enough that the overhead is negligible, small enough for memory. */
const chunkLength = 16 * 1024;

export interface CopyTarget {
  table: string;
  columns: readonly string[];
}

/**
 * Loads rows into a table with COPY in the client's transaction, and returns the number of rows. `table` and `columns`
 * are SQL, already quoted if needed. A null or undefined value is NULL.
 */
export async function copyRows(
  client: pg.ClientBase,
  target: CopyTarget,
  rows: Iterable<readonly CopyValue[]>,
): Promise<number> {
  return copyBatches(client, target, [rows]);
}

/** Does the same with batches of rows, in one COPY: the server stores rows while the next batch is read. */
export async function copyBatches(
  client: pg.ClientBase,
  target: CopyTarget,
  batches: AsyncIterable<Iterable<readonly CopyValue[]>> | Iterable<Iterable<readonly CopyValue[]>>,
): Promise<number> {
  const stream = client.query(copyFrom(`copy ${target.table} (${target.columns.join(', ')}) from stdin`));
  const done = finished(stream);
  // The server may fail while a batch is read. The stream can't be written to after that.
  let hasFailed = false;
  done.catch(() => {
    hasFailed = true;
  });
  let text = '';
  let count = 0;
  try {
    for await (const rows of batches) {
      if (hasFailed) break;
      for (const row of rows) {
        text += copyLine(row);
        count += 1;
        if (text.length >= chunkLength) {
          if (!stream.write(text)) await Promise.race([once(stream, 'drain'), done]);
          text = '';
        }
      }
    }
    if (!hasFailed) stream.end(text);
  } catch (error) {
    // Ends the COPY on the server so that the connection can roll back.
    stream.destroy(error instanceof Error ? error : new Error(String(error)));
    await done.catch(() => undefined);
    throw error;
  }
  await done;
  return count;
}

const special = /[\\\t\n\r\0]/;
const escapes: Record<string, string> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n', '\r': '\\r' };

/**
 * One line of COPY's text format. PostgreSQL text can't contain U+0000: it becomes U+FFFD, the replacement character.
 */
function copyLine(row: readonly CopyValue[]): string {
  let line = '';
  for (let index = 0; index < row.length; index += 1) {
    const value = row[index];
    if (index > 0) line += '\t';
    if (value === null || value === undefined) line += '\\N';
    else line += special.test(value) ? value.replace(/[\\\t\n\r\0]/g, (found) => escapes[found] ?? '\uFFFD') : value;
  }
  return `${line}\n`;
}
