import AdmZip from 'adm-zip';
import { stringify } from 'csv-stringify/sync';
import writeXlsxFile, { type Cell } from 'write-excel-file/node';
import { UsageError } from '../errors.js';
import { cells, type FilingRow, type Form, headings } from './form.js';

export type FileKind = 'csv' | 'xlsx';

/**
 * The kind of a file, from its extension.
 *
 * @throws {UsageError} the extension is neither .csv nor .xlsx
 */
export function fileKind(path: string): FileKind {
  const extension = /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase();
  if (extension === 'csv' || extension === 'xlsx') return extension;
  throw new UsageError(`${path} does not end in .csv or .xlsx.`, { hint: 'Use one of these extensions.' });
}

/** The file of a filing: a header and one line per row. The same rows produce the same bytes. */
export function fileContent(kind: FileKind, form: Form, rows: readonly FilingRow[]): Promise<Buffer> {
  return kind === 'csv' ? Promise.resolve(csv(form, rows)) : xlsx(form, rows);
}

function csv(form: Form, rows: readonly FilingRow[]): Buffer {
  return Buffer.from(stringify([headings(form), ...rows.map(cells)], { escape_formulas: true }));
}

const utilizationColumn = 11;
const widths = [12, 24, 7, 17, 10, 13, 10, 8, 15, 34, 10, 13];

async function xlsx(form: Form, rows: readonly FilingRow[]): Promise<Buffer> {
  const header = headings(form).map((value): Cell => ({ value, type: String, fontWeight: 'bold' }));
  const data = rows.map((row) => cells(row).map(toCell));
  const workbook = await writeXlsxFile([header, ...data], {
    sheet: form.id.toUpperCase(),
    columns: widths.map((width) => ({ width })),
    stickyRowsCount: 1,
  }).toBuffer();
  return withoutTimes(workbook);
}

function toCell(value: string | number | null, column: number): Cell {
  if (value === null) return null;
  if (column === utilizationColumn) return { value: Number(value), type: Number, format: '0.00' };
  return typeof value === 'number' ? { value, type: Number } : { value, type: String };
}

/** A workbook is a ZIP archive whose entries carry the time of writing. A fixed time makes the bytes reproducible. */
function withoutTimes(workbook: Buffer): Buffer {
  const archive = new AdmZip(workbook);
  for (const entry of archive.getEntries()) entry.header.time = new Date(2000, 0, 1);
  return archive.toBuffer();
}
