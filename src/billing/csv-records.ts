import { parse } from 'csv-parse/sync';
import type { OpenCsv } from './csv-header.js';

/** A row of a CSV file, parsed independently of the rows around it. */
export interface CsvRecord {
  /** Line where it begins. */
  line: number;
  /** Its text in the file, one character per byte, without the final line ending. */
  text: string;
  /** Its fields, one character per byte; null is an empty unquoted field. Undefined if it can't be read as CSV. */
  fields: (string | null)[] | undefined;
  /** Why it can't be read as CSV. */
  reason: string | undefined;
}

/** A longer line isn't a line of a CSV file; in bytes. */
const maxLineLength = 16 * 1024 * 1024;
/** Maximum lines and characters of a row before its quote counts as unclosed. */
const maxLines = 1000;
const maxRowLength = 1024 * 1024;
const batchRecords = 2000;

/**
 * Reads the rows of a CSV file with csv-parse, in batches, so that a broken row doesn't affect others: if a quote
 * is unclosed or misplaced, only the line where the row began is given up, and reading resumes with the next line.
 */
export async function* readRecords(csv: OpenCsv): AsyncGenerator<CsvRecord[], void> {
  let batch: CsvRecord[] = [];
  for await (const record of rowsOf(csv)) {
    batch.push(record);
    if (batch.length === batchRecords) {
      parseBatch(batch, csv.lineEnd);
      yield batch;
      batch = [];
    }
  }
  parseBatch(batch, csv.lineEnd);
  yield batch;
}

/**
 * Yields rows, delimited by an even number of quotes. Fields are parsed later, except where they are needed to
 * separate rows.
 */
async function* rowsOf(csv: OpenCsv): AsyncGenerator<CsvRecord, void> {
  const { lineEnd } = csv;
  let number = csv.firstLine;
  for await (const record of joinLines(linesOf(csv), lineEnd)) {
    const line = number;
    number += record.lines;
    yield { line, text: record.text, fields: undefined, reason: record.reason };
  }
}

interface Joined {
  text: string;
  lines: number;
  reason: string | undefined;
}

async function* joinLines(lines: AsyncIterable<string>, lineEnd: string): AsyncGenerator<Joined, void> {
  /** Lines of a row with an open quote. */
  let open: string[] = [];
  let openLength = 0;

  function* take(line: string): Generator<Joined, void> {
    const isOdd = countQuotes(line) % 2 === 1;
    if (open.length === 0 && !isOdd) {
      yield { text: line, lines: 1, reason: undefined };
      return;
    }
    open.push(line);
    openLength += line.length;
    if (open.length > 1 && isOdd) {
      const text = open.join(lineEnd);
      if (fieldsOf(text, lineEnd) !== undefined) {
        const count = open.length;
        close();
        yield { text, lines: count, reason: undefined };
      } else {
        yield* rejectFirst();
      }
    } else if (open.length > maxLines || openLength > maxRowLength) {
      yield* rejectFirst();
    }
  }

  function close(): void {
    open = [];
    openLength = 0;
  }

  function* rejectFirst(): Generator<Joined, void> {
    const [first = '', ...others] = open;
    close();
    yield { text: first, lines: 1, reason: 'unclosed or misplaced quote' };
    for (const line of others) yield* take(line);
  }

  for await (const line of lines) yield* take(line);
  while (open.length > 0) yield* rejectFirst();
}

/** Yields the remaining lines of a file, one character per byte, without line endings. */
async function* linesOf({ rest, lineEnd }: OpenCsv): AsyncGenerator<string, void> {
  const breakAt = lineEnd === '\r' ? '\r' : '\n';
  let partial = '';
  for await (const chunk of rest) {
    const parts = (partial + chunk.toString('latin1')).split(breakAt);
    partial = parts.pop() as string;
    for (const part of parts) yield lineEnd === '\r\n' && part.endsWith('\r') ? part.slice(0, -1) : part;
    // Yield a long line in parts to limit memory.
    if (partial.length > maxLineLength) {
      yield partial;
      partial = '';
    }
  }
  if (partial !== '') yield partial;
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}

function parseBatch(batch: CsvRecord[], lineEnd: string): void {
  const readable = batch.filter(({ reason }) => reason === undefined);
  const all = parseText(readable.map(({ text }) => text + lineEnd).join(''), lineEnd);
  const isValid = all !== undefined && all.length === readable.length;
  for (const [index, record] of readable.entries()) {
    const fields = isValid ? all[index] : fieldsOf(record.text, lineEnd);
    if (fields === undefined) {
      record.reason = 'unclosed or misplaced quote';
    } else {
      record.fields = withNulls(fields, record.text, lineEnd);
    }
  }
}

function fieldsOf(text: string, lineEnd: string): string[] | undefined {
  const rows = parseText(text + lineEnd, lineEnd);
  return rows?.length === 1 ? rows[0] : undefined;
}

function parseText(text: string, lineEnd: string): string[][] | undefined {
  try {
    return parse(Buffer.from(text, 'latin1'), options(lineEnd)) as unknown as string[][];
  } catch {
    // The position it reports is within the batch and would mislead; the rows are then parsed one by one.
    return undefined;
  }
}

function options(lineEnd: string) {
  return { encoding: 'latin1', record_delimiter: lineEnd, relax_column_count: true } as const;
}

/** Like COPY, reads an empty field as null unless it is quoted. */
function withNulls(fields: string[], text: string, lineEnd: string): (string | null)[] {
  if (!fields.includes('')) return fields;
  if (!text.includes('""')) return fields.map((field) => (field === '' ? null : field));
  const [row] = parse(Buffer.from(text + lineEnd, 'latin1'), {
    ...options(lineEnd),
    cast: (value: string, { quoting }: { quoting: boolean }) => (value === '' && !quoting ? null : value),
  }) as unknown as (string | null)[][];
  return row as (string | null)[];
}
