import type pg from 'pg';
import type { Day } from '../days.js';
import { likelyDelimiters, readCsvRows } from '../number-file/csv-rows.js';
import { simplified } from '../number-file/header-names.js';
import { inspectTextFile } from '../number-file/text-file.js';
import { UnusableFileError } from '../number-file/unusable-file.js';
import type { MissingReport } from './form-data.js';

/** A line of NANPA's Utilization Missing report. */
export interface MissingLine {
  line: number;
  /** Seven digits for a thousands-block, six for a central office code. */
  code: string;
  /** Null: the report has no such column, or it is blank. */
  ocn: string | null;
}

export interface RejectedLine {
  line: number;
  reason: string;
}

/** What the ledger holds in a block that the report names, by account. */
export interface MissingBlock {
  /** Seven digits. */
  block: string;
  /** Line of the report. */
  line: number;
  /** The code as the report has it: the block, or the six digits of its NPA-NXX. */
  code: string;
  /** OCN in the report. */
  ocn: string | null;
  account: string;
  rateCenter: string | null;
  state: string | null;
  /** Numbers on the account at the end of the day. */
  numbers: number;
  /** Those that count for the form. */
  counted: number;
  /** Why the others don't. */
  leftOut: string | null;
  /** The latest stored filing as of that day that has the block; null: none does. */
  filing: string | null;
}

type Column = 'block' | 'code' | 'npa' | 'nxx' | 'thousands' | 'ocn';
const columns: readonly Column[] = ['block', 'code', 'npa', 'nxx', 'thousands', 'ocn'];

/** How many rows may come before the headings: titles and dates of the report. */
const rowsBeforeHeadings = 20;

/**
 * Reads NANPA's report. Columns are recognized by their headings alone; nothing is guessed.
 *
 * @throws {UnusableFileError} the file isn't CSV, or has no headings of a block or code
 */
export async function readMissingReport(
  path: string,
  data: MissingReport,
  signal?: AbortSignal,
): Promise<{ lines: MissingLine[]; rejected: RejectedLine[] }> {
  const file = await inspectTextFile(path, { signal });
  const [delimiter = ','] = await likelyDelimiters(file);
  const lines: MissingLine[] = [];
  const rejected: RejectedLine[] = [];
  const before: string[][] = [];
  let found: Map<Column, number> | undefined;
  for await (const rows of readCsvRows(file, delimiter, signal)) {
    for (const { line, cells } of rows) {
      if (found === undefined) {
        found = findHeadings(cells, data, path);
        if (found === undefined) before.push(cells);
        if (before.length > rowsBeforeHeadings) throw noHeadings(path, before, data);
        continue;
      }
      const read = readLine(cells, found);
      if ('reason' in read) rejected.push({ line, reason: read.reason });
      else lines.push({ line, ...read });
    }
  }
  if (found === undefined) throw noHeadings(path, before, data);
  return { lines, rejected };
}

/** @returns undefined if the row doesn't have the headings of a block or code */
function findHeadings(cells: readonly string[], data: MissingReport, path: string): Map<Column, number> | undefined {
  const found = new Map<Column, number>();
  for (const column of columns) {
    const known = data[column].map(simplified);
    const at = cells.flatMap((cell, index) => (known.includes(simplified(cell)) ? [index] : []));
    if (at.length > 1) {
      const names = at.map((index) => JSON.stringify(cells[index]?.trim())).join(' and ');
      throw new UnusableFileError(path, (file) => `${file} has several columns for the same thing: ${names}.`, {
        hint: 'Keep one of them, or correct the headings in the file in TN_LEDGER_FORM_FILE (docs/filing.md).',
      });
    }
    if (at[0] !== undefined) found.set(column, at[0]);
  }
  const hasCode = found.has('block') || found.has('code') || (found.has('npa') && found.has('nxx'));
  return hasCode ? found : undefined;
}

function noHeadings(path: string, rows: readonly string[][], data: MissingReport): UnusableFileError {
  const [first = []] = rows;
  const list = first.map((cell) => JSON.stringify(cell.trim().slice(0, 60))).join(', ');
  return new UnusableFileError(
    path,
    (file) => `${file} has no column of blocks or codes. Its first line is: ${list}.`,
    {
      hint: `Headings that are recognized (version ${data.version}): ${[...data.block, ...data.code].join(', ')}, or ${data.npa[0]} and ${data.nxx[0]}. Add others in the file in TN_LEDGER_FORM_FILE (docs/filing.md).`,
    },
  );
}

function readLine(
  cells: readonly string[],
  found: ReadonlyMap<Column, number>,
): Omit<MissingLine, 'line'> | { reason: string } {
  const cell = (column: Column) => {
    const at = found.get(column);
    return at === undefined ? '' : (cells[at] ?? '').trim();
  };
  const given = cell('block') || `${cell('code') || `${cell('npa')}${cell('nxx')}`}${cell('thousands')}`;
  const code = given.replace(/[\s-]/g, '');
  if (!/^[2-9]\d{2}[2-9]\d{2,3}$/.test(code))
    return { reason: `${JSON.stringify(given)} is not an NPA-NXX or NPA-NXX-X` };
  return { code, ocn: cell('ocn').toUpperCase() || null };
}

/**
 * The blocks of the ledger that the report names, with what the ledger holds there at the end of a day. An NPA-NXX names all its
 * blocks.
 */
export async function findMissingBlocks(
  client: pg.ClientBase,
  lines: readonly MissingLine[],
  asOf: Day,
): Promise<MissingBlock[]> {
  const { rows } = await client.query<MissingBlock>(
    `with missing_lines as materialized (
       select * from unnest($2::int[], $3::text[], $4::text[]) as m (line, code, ocn)
     ),
     held as materialized (
       select n.npa_nxx_x as block, n.account_id as account, mode() within group (order by n.rate_center) as rate_center,
              mode() within group (order by n.state) as state, count(*)::int as numbers,
              count(*) filter (where n.left_out is null)::int as counted,
              string_agg(distinct n.left_out, ', ') as left_out
         from nruf_number_categories($1) n where n.npa_nxx_x is not null group by 1, 2
     ),
     named as (
       select h.*, m.line, m.code, m.ocn from held h join missing_lines m on m.code = h.block
       union all
       select h.*, m.line, m.code, m.ocn from held h join missing_lines m on m.code = left(h.block, 6)
     )
     select n.block, n.line, n.code, n.ocn, n.account, n.rate_center as "rateCenter", n.state, n.numbers, n.counted,
            n.left_out as "leftOut",
            (select max(f.filing_id) from nruf_filings f
              join nruf_filing_rows r on r.filing_id = f.filing_id
                and r.code = case f.form when 'u3' then left(n.block, 6) else n.block end
             where f.as_of = $1 and (f.accounts is null or n.account = any(f.accounts))) as filing
       from named n order by n.block, n.line, n.account`,
    [asOf, lines.map(({ line }) => line), lines.map(({ code }) => code), lines.map(({ ocn }) => ocn)],
  );
  return rows;
}
