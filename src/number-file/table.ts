import type { CsvRow } from './csv-rows.js';
import type { ListColumns } from './number-columns.js';
import type { HashedFile } from './text-file.js';

/** A file of rows, whose columns are found. */
export interface Table extends HashedFile {
  columns: ListColumns;
  /** The rows that aren't blank among the file's first ones, with the header. */
  firstRows: number;
  /** The sheet of a workbook; undefined for a CSV file. */
  sheet?: string;
  /** The workbook's other sheets that aren't blank. */
  otherSheets?: readonly string[];
  /** Numbers that may have been meant and aren't read, as a sentence without the file and the period. */
  warning?: string | undefined;
  /**
   * Yields the rows in file order, in batches, with the header and what is above it; skips blank rows.
   *
   * @throws {UnusableFileError} the file can't be read further, or a workbook changed since it was opened
   * @throws {FileChangedError} a CSV file changed since it was opened
   */
  rows(): AsyncGenerator<CsvRow[]>;
}
