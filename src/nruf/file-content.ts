import AdmZip from 'adm-zip';
import { stringify } from 'csv-stringify/sync';
import writeXlsxFile, { type Cell } from 'write-excel-file/node';
import { UsageError } from '../errors.js';
import { cells, type FilingRow, type Form } from './form.js';
import type { Edition, Form502, FormColumn, RowValue } from './form-data.js';

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

/** The company page of the form, by heading. */
export type CompanyPage = readonly (readonly [heading: string, value: string])[];

/** A filing as a file. */
export interface FilingContent {
  form: Form;
  rows: readonly FilingRow[];
  data: Form502;
  /** Undefined: the workbook has no sheet for it. */
  company?: CompanyPage | undefined;
}

/**
 * The file of a filing: a header and one line per row. The same rows produce the same bytes. A workbook also has the company page and
 * says which version of the headings it has.
 */
export function fileContent(kind: FileKind, content: FilingContent): Promise<Buffer> {
  const columns = content.data[content.form.id];
  return kind === 'csv' ? Promise.resolve(csv(content.rows, columns)) : xlsx(content, columns);
}

function csv(rows: readonly FilingRow[], columns: readonly FormColumn[]): Buffer {
  const lines = [columns.map(({ heading }) => heading), ...rows.map((row) => cells(row, columns))];
  return Buffer.from(stringify(lines, { escape_formulas: true }));
}

/** The company page and the version of the headings as a CSV file of two columns. */
export function companyCsv(company: CompanyPage, data: Edition): Buffer {
  return Buffer.from(stringify([...company, ...aboutLines(data)], { escape_formulas: true }));
}

function aboutLines({ version, date, verified, source }: Edition): [string, string][] {
  return [
    ['Headings: version', version],
    ['Headings: date', date],
    ['Headings: compared with the current form', verified ? 'yes' : 'no'],
    ['Headings: source', source],
  ];
}

const widths: Readonly<Record<RowValue, number>> = {
  code: 12,
  rate_center: 24,
  state: 7,
  numbers_received: 17,
  assigned: 10,
  intermediate: 13,
  reserved: 10,
  aging: 8,
  administrative: 15,
  assignor: 34,
  available: 10,
  utilization_percent: 13,
};

async function xlsx({ form, rows, data, company }: FilingContent, columns: readonly FormColumn[]): Promise<Buffer> {
  const bold = (value: string): Cell => ({ value, type: String, fontWeight: 'bold' });
  const header = columns.map(({ heading }) => bold(heading));
  const lines = rows.map((row) => cells(row, columns).map((value, index) => toCell(value, columns[index]?.value)));
  const pairs = (of: readonly (readonly [string, string])[]) =>
    of.map(([heading, value]): Cell[] => [bold(heading), { value, type: String }]);
  const pairColumns = [{ width: 42 }, { width: 60 }];
  const workbook = await writeXlsxFile([
    {
      data: [header, ...lines],
      sheet: form.id.toUpperCase(),
      columns: columns.map(({ value }) => ({ width: widths[value] })),
      stickyRowsCount: 1,
    },
    ...(company === undefined ? [] : [{ data: pairs(company), sheet: 'Company Info', columns: pairColumns }]),
    { data: pairs(aboutLines(data)), sheet: 'Headings', columns: pairColumns },
  ]).toBuffer();
  return withoutTimes(workbook);
}

function toCell(value: string | number | null, column: RowValue | undefined): Cell {
  if (value === null) return null;
  if (column === 'utilization_percent') return { value: Number(value), type: Number, format: '0.00' };
  return typeof value === 'number' ? { value, type: Number } : { value, type: String };
}

/** A workbook is a ZIP archive whose entries carry the time of writing. A fixed time makes the bytes reproducible. */
export function withoutTimes(workbook: Buffer): Buffer {
  const archive = new AdmZip(workbook);
  for (const entry of archive.getEntries()) entry.header.time = new Date(2000, 0, 1);
  return archive.toBuffer();
}
