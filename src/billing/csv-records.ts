import { parse } from 'csv-parse/sync';
import type { OpenCsv } from './csv-header.js';

/** A row of a CSV file, read without trust in the rows around it. */
export interface CsvRecord {
  /** Line on which it begins. */
  line: number;
  /** As it stands in the file, a character a byte, without the end of its last line. */
  text: string;
  /** Its fields, a character a byte; null is an empty field without quotes. Undefined where it can't be read as CSV. */
  fields: (string | null)[] | undefined;
  /** Why it can't be read. */
  reason: string | undefined;
}

/** A line that is longer is no line of a CSV file. */
const longestLine = 16 * 1024 * 1024;
/** Lines that one row may have, and their length, before a quote counts as never closed. */
const mostLines = 1000;
const longestRow = 1024 * 1024;
const batchRecords = 2000;

/**
 * Reads the rows of a CSV file by csv-parse, batch by batch, such that a broken one harms no other: where a quote is not
 * closed or stands where none may, only the line on which the row began is given up, and reading goes on with the next.
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

/** Rows by the number of their quotes, which is even; fields are read later, save where rows had to be told apart by them. */
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
  /** Lines of a row whose quote is still open. */
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
        yield* giveUpFirst();
      }
    } else if (open.length > mostLines || openLength > longestRow) {
      yield* giveUpFirst();
    }
  }

  function close(): void {
    open = [];
    openLength = 0;
  }

  function* giveUpFirst(): Generator<Joined, void> {
    const [first = '', ...others] = open;
    close();
    yield { text: first, lines: 1, reason: 'a quote is not closed, or stands where none may' };
    for (const line of others) yield* take(line);
  }

  for await (const line of lines) yield* take(line);
  while (open.length > 0) yield* giveUpFirst();
}

/** Lines of the rest of a file, a character a byte, without their ends. */
async function* linesOf({ rest, lineEnd }: OpenCsv): AsyncGenerator<string, void> {
  const breakAt = lineEnd === '\r' ? '\r' : '\n';
  let begun = '';
  for await (const chunk of rest) {
    const parts = (begun + chunk.toString('latin1')).split(breakAt);
    begun = parts.pop() as string;
    for (const part of parts) yield lineEnd === '\r\n' && part.endsWith('\r') ? part.slice(0, -1) : part;
    // Handed out in parts, so that memory does not grow with it.
    if (begun.length > longestLine) {
      yield begun;
      begun = '';
    }
  }
  if (begun !== '') yield begun;
}

function countQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', at + 1)) count += 1;
  return count;
}

function parseBatch(batch: CsvRecord[], lineEnd: string): void {
  const readable = batch.filter(({ reason }) => reason === undefined);
  const all = parseText(readable.map(({ text }) => text + lineEnd).join(''), lineEnd);
  const isSound = all !== undefined && all.length === readable.length;
  for (const [index, record] of readable.entries()) {
    const fields = isSound ? all[index] : fieldsOf(record.text, lineEnd);
    if (fields === undefined) {
      record.reason = 'a quote is not closed, or stands where none may';
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
    // What it says of a place in the batch would mislead; the rows are then read one by one.
    return undefined;
  }
}

function options(lineEnd: string) {
  return { encoding: 'latin1', record_delimiter: lineEnd, relax_column_count: true } as const;
}

/** An empty field is null as it is to COPY, unless it stands in quotes. */
function withNulls(fields: string[], text: string, lineEnd: string): (string | null)[] {
  if (!fields.includes('')) return fields;
  if (!text.includes('""')) return fields.map((field) => (field === '' ? null : field));
  const [row] = parse(Buffer.from(text + lineEnd, 'latin1'), {
    ...options(lineEnd),
    cast: (value: string, { quoting }: { quoting: boolean }) => (value === '' && !quoting ? null : value),
  }) as unknown as (string | null)[][];
  return row as (string | null)[];
}
