import { LedgerError } from '../../errors.js';
import { likelyDelimiters, readCsvRows } from '../../number-file/csv-rows.js';
import { simplified } from '../../number-file/header-names.js';
import { firstRows } from '../../number-file/number-columns.js';
import { readLedgerNumber } from '../../number-file/number-form.js';
import { inspectTextFile } from '../../number-file/text-file.js';
import type { AssignmentReportForm } from '../form-data.js';

/** A line of the report. */
export interface ReportLine {
  line: number;
  /** The cells as written in the file. */
  given: { number: string; status: string };
  /** As in the ledger; undefined if the cell can't be read. */
  number: string | undefined;
  /** Why it can't be read. */
  reason: string | undefined;
  /** Null: not understood. */
  status: 'ASSIGNED' | 'UNASSIGNED' | null;
}

export interface ReportTable {
  sha256: string;
  /** Headings as written in the file. */
  columns: { number: string; status: string };
  ignored: readonly string[];
  /** Yields the lines below the headings in batches; skips blank ones. */
  lines(): AsyncGenerator<ReportLine[]>;
}

/** The report is another than the form data describes; its file may be good once they are corrected. */
export class UnknownFormError extends LedgerError {
  override readonly name = 'UnknownFormError';
}

/**
 * Opens the file of a report. Columns are recognized by their headings alone; nothing is guessed.
 *
 * @throws {UnknownFormError} it has no headings of a number and a status
 * @throws {UnusableFileError} it isn't text or CSV
 */
export async function openReport(path: string, form: AssignmentReportForm, signal: AbortSignal): Promise<ReportTable> {
  const file = await inspectTextFile(path, { signal });
  let first: readonly string[] | undefined;
  for (const delimiter of await likelyDelimiters(file)) {
    const rows = await firstRows(readCsvRows(file, delimiter, signal));
    first ??= rows[0]?.cells;
    for (const { line, cells } of rows) {
      const found = findColumns(cells, form);
      if (found === undefined) continue;
      const headings = cells.map((cell) => cell.trim());
      const known = words(form);
      return {
        sha256: file.sha256,
        columns: { number: headings[found.number] as string, status: headings[found.status] as string },
        ignored: headings.filter((_, index) => index !== found.number && index !== found.status),
        async *lines() {
          for await (const batch of readCsvRows(file, delimiter, signal)) {
            const below = batch.filter((row) => row.line > line);
            if (below.length > 0) yield below.map((row) => readLine(row, found, known));
          }
        },
      };
    }
  }
  const shown = (first ?? []).map((cell) => JSON.stringify(cell.trim().slice(0, 60))).join(', ');
  throw new UnknownFormError(
    `It has no known headings of a telephone number and an assignment status. Its first line is: ${shown}.`,
    { hint: formHint },
  );
}

/** How to make a report readable. */
export const formHint =
  'Add the missing words to the section assignment_report in the file in TN_LEDGER_FORM_FILE (docs/filing.md); the next run then loads the file that was downloaded.';

interface Columns {
  number: number;
  status: number;
}

/** @returns undefined if the row doesn't have both columns, each once */
function findColumns(cells: readonly string[], form: AssignmentReportForm): Columns | undefined {
  const headings = cells.map(simplified);
  const find = (names: readonly string[], except?: number) => {
    for (const name of names.map(simplified)) {
      const found = headings.flatMap((heading, index) => (heading === name && index !== except ? [index] : []));
      // Two columns with the same heading: which one counts isn't known.
      if (found.length > 0) return found.length === 1 ? found[0] : undefined;
    }
    return undefined;
  };
  const number = find(form.number);
  const status = find(form.status, number);
  return number === undefined || status === undefined ? undefined : { number, status };
}

type Words = ReadonlyMap<string, 'ASSIGNED' | 'UNASSIGNED'>;

const words = ({ assigned, unassigned }: AssignmentReportForm): Words =>
  new Map([
    ...unassigned.map((word) => [simplified(word), 'UNASSIGNED'] as const),
    ...assigned.map((word) => [simplified(word), 'ASSIGNED'] as const),
  ]);

function readLine(row: { line: number; cells: readonly string[] }, columns: Columns, known: Words): ReportLine {
  const given = { number: (row.cells[columns.number] ?? '').trim(), status: (row.cells[columns.status] ?? '').trim() };
  const number = readLedgerNumber(given.number);
  const status = known.get(simplified(given.status)) ?? null;
  return typeof number === 'string'
    ? { line: row.line, given, number, reason: undefined, status }
    : { line: row.line, given, number: undefined, reason: number.reason, status };
}
