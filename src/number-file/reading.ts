import { formatCount } from '../format.js';
import { quoted } from './number-form.js';

/** How a file was read: shown to its user, so that nothing in it is left out or expanded unseen. */
export interface Reading {
  /** The sheet of a workbook; undefined for a CSV file. */
  sheet: string | undefined;
  /** Sheets of the workbook that aren't blank and weren't read, each as its name in quotation marks and what it is. */
  otherSheets: readonly string[];
  /** Numbers that may have been meant and weren't read, as the end of a sentence that begins with the file. */
  warning: string | undefined;
  /** Header of the column of numbers, and its line; undefined for a list without a header. */
  column: string | undefined;
  headerLine: number | undefined;
  /** Lines above the header that aren't blank. */
  linesAbove: number;
  /** Hidden rows, which are read like the others. Counted as the file is read, like what follows. */
  hiddenRows: number;
  ranges: number;
  /** Numbers that the ranges stand for. */
  rangeNumbers: number;
  /** The first ranges of the file. */
  firstRanges: { line: number; count: number }[];
}

/** Ranges that are listed one by one. */
export const maxRangesShown = 5;

/** Describes what isn't obvious about how a file was read, as a line each; none for a plain file with its header on top. */
export function describeReading(reading: Reading | undefined): string[] {
  if (reading === undefined) return [];
  const { sheet, otherSheets, column, headerLine, linesAbove, hiddenRows, ranges, rangeNumbers, firstRanges } = reading;
  const lines: string[] = [];
  if (sheet !== undefined) {
    const others = otherSheets.length === 0 ? '' : `; not read: ${otherSheets.join(', ')}`;
    lines.push(`Sheet: ${quoted(sheet)}${others}`);
  }
  if (column !== undefined && (linesAbove > 0 || sheet !== undefined)) {
    const above = linesAbove === 0 ? '' : `; ${formatCount(linesAbove)} above it not read`;
    lines.push(`Header: line ${headerLine}, numbers in the column ${quoted(column)}${above}`);
  }
  if (hiddenRows > 0) lines.push(`Hidden rows, read like the others: ${formatCount(hiddenRows)}`);
  if (ranges > 0) {
    const shown = firstRanges.map(({ line, count }) => `line ${line}: ${formatCount(count)} numbers`).join(', ');
    const more = ranges > firstRanges.length ? `, and ${formatCount(ranges - firstRanges.length)} more` : '';
    lines.push(`Ranges: ${formatCount(ranges)}, ${formatCount(rangeNumbers)} numbers (${shown}${more})`);
  }
  return lines;
}

/** The same for JSON output. */
export function readingAsJson(reading: Reading | undefined): Record<string, unknown> | null {
  if (reading === undefined) return null;
  return {
    sheet: reading.sheet ?? null,
    sheets_not_read: reading.otherSheets,
    number_column: reading.column ?? null,
    header_line: reading.headerLine ?? null,
    lines_above_header: reading.linesAbove,
    hidden_rows: reading.hiddenRows,
    ranges: reading.ranges,
    range_numbers: reading.rangeNumbers,
  };
}
