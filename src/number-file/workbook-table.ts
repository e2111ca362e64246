import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import type { CsvRow } from './csv-rows.js';
import {
  type ColumnOptions,
  type ColumnSearch,
  firstRows,
  isNumbers,
  rankOf,
  searchColumns,
} from './number-columns.js';
import { readSheetRows } from './sheet-rows.js';
import type { Table } from './table.js';
import { readChunks, saveAsWorkbook } from './text-file.js';
import { UnusableFileError } from './unusable-file.js';
import { openWorkbook, type Sheet } from './workbook.js';
import { WorkbookProblem } from './zip-parts.js';

/** A workbook is held in memory, compressed. One with 1,000,000 numbers and two more columns has about 20 MiB. */
const maxWorkbookBytes = 128 * 1024 * 1024;

interface SearchedSheet {
  sheet: Sheet;
  rows: readonly CsvRow[];
  search: ColumnSearch;
}

interface ReadOptions {
  /** The sheet, if the user named it. */
  sheet: string | undefined;
  signal: AbortSignal | undefined;
  handle: FileHandle | undefined;
}

/**
 * Opens a workbook. Its numbers are on the only sheet that has a column of numbers, hidden or not, or on the one that the user named.
 *
 * @throws {UnusableFileError} no sheet has such a column, or several have one
 */
export async function openWorkbookTable(
  path: string,
  options: ColumnOptions,
  { sheet: wanted, signal, handle }: ReadOptions,
): Promise<Table> {
  const { data, sha256 } = await readWhole(path, handle, signal);
  return asFileProblem(path, async () => {
    const workbook = await openWorkbook(data, signal);
    const filled: SearchedSheet[] = [];
    for (const sheet of workbook.sheets) {
      const rows = await firstRows(readSheetRows(workbook, sheet, signal));
      if (rows.length > 0) filled.push({ sheet, rows, search: searchColumns(rows, options) });
    }
    const { sheet, rows, search } = chooseSheet(path, filled, { ...options, wanted });
    if ('error' in search) throw search.error;
    const others = filled.filter((each) => each.sheet !== sheet);
    return {
      ...{ path, handle, sha256, bytes: data.length },
      columns: search.columns,
      firstRows: rows.length,
      sheet: sheet.name,
      otherSheets: others.map((each) => `${describe(each.sheet)}${hasNumbers(each) ? ', which has numbers' : ''}`),
      warning: wanted === undefined ? warningOf(others.filter(hasNumbers)) : undefined,
      async *rows() {
        try {
          yield* readSheetRows(workbook, sheet, signal);
        } catch (error) {
          throw explain(path, error);
        }
      },
    };
  });
}

function chooseSheet(
  path: string,
  filled: readonly SearchedSheet[],
  { column, wanted }: ColumnOptions & { wanted: string | undefined },
): SearchedSheet {
  const list = filled.map(({ sheet }) => describe(sheet)).join(', ');
  if (filled.length === 0) {
    throw new UnusableFileError(path, (file) => `${file} is blank.`, { hint: 'Write one number per row.' });
  }
  if (wanted !== undefined) {
    const named =
      filled.find(({ sheet }) => sheet.name === wanted) ??
      filled.find(({ sheet }) => sheet.name.trim().toLowerCase() === wanted.trim().toLowerCase());
    if (named !== undefined) return named;
    const message = (file: string) =>
      `${file} has no sheet ${JSON.stringify(wanted)} that isn't blank. Its sheets are: ${list}.`;
    throw new UnusableFileError(path, message, { hint: 'Name one of these sheets: --sheet NAME.', byCommand: true });
  }
  // A sheet whose column is ambiguous may hold numbers, too.
  const candidates = filled.filter(({ search }) => rankOf(search) > 0);
  const [only] = candidates;
  if (only !== undefined && candidates.length === 1) return only;
  if (candidates.length > 1) {
    const names = candidates.map(({ sheet }) => describe(sheet)).join(' and ');
    const message = (file: string) =>
      `${file} has more than one sheet with a column of numbers: ${names}. Nothing was read, so that no sheet is left out unseen.`;
    throw new UnusableFileError(path, message, {
      hint: 'Name the right one with --sheet NAME; to use several, run the command for each.',
      fix: 'Save each sheet as a file of its own.',
    });
  }
  const [single] = filled;
  if (single !== undefined && filled.length === 1) return single;
  const what = column === undefined ? 'recognized column of numbers' : `column ${JSON.stringify(column)}`;
  const message = (file: string) => `${file} has no sheet with a ${what}. Its sheets are: ${list}.`;
  throw new UnusableFileError(path, message, {
    hint: 'Name the sheet and the column with --sheet NAME --column NAME, or change the header of the column to telephone_number.',
    fix: 'Change the header of the column of numbers to telephone_number.',
  });
}

function hasNumbers({ rows }: SearchedSheet): boolean {
  return rows.some(({ cells }) => cells.some(isNumbers));
}

/** A sheet without a recognized column isn't read, but the numbers on it might be meant. */
function warningOf(sheets: readonly SearchedSheet[]): string | undefined {
  if (sheets.length === 0) return undefined;
  const names = sheets.map(({ sheet }) => describe(sheet)).join(', ');
  return `sheets that have numbers, but no recognized column of numbers, were not read: ${names} (--sheet NAME --column NAME reads one)`;
}

function describe({ name, isHidden }: Sheet): string {
  return `${JSON.stringify(name)}${isHidden ? ' (hidden)' : ''}`;
}

async function readWhole(
  path: string,
  handle: FileHandle | undefined,
  signal: AbortSignal | undefined,
): Promise<{ data: Buffer; sha256: string }> {
  const chunks: Buffer[] = [];
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of readChunks({ path, handle }, signal)) {
    bytes += chunk.length;
    if (bytes > maxWorkbookBytes) {
      throw new UnusableFileError(path, (file) => `${file} is a workbook larger than 128 MiB.`, {
        hint: 'Save the sheet with the numbers as "CSV UTF-8", which may have any size.',
      });
    }
    hash.update(chunk);
    chunks.push(chunk);
  }
  return { data: Buffer.concat(chunks), sha256: hash.digest('hex') };
}

async function asFileProblem<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw explain(path, error);
  }
}

function explain(path: string, error: unknown): unknown {
  if (!(error instanceof WorkbookProblem)) return error;
  return new UnusableFileError(path, (file) => `${file} ${error.message}.`, { hint: saveAsWorkbook, cause: error });
}

/** OLE 2: the container of old Office files, and of encrypted new ones. */
const oleSignature = Buffer.from('d0cf11e0a1b11ae1', 'hex');

/** @throws {UnusableFileError} the file is an encrypted workbook, or one of the format .xls */
export async function refuseOldWorkbook(
  path: string,
  begin: Buffer,
  { signal, handle }: Pick<ReadOptions, 'signal' | 'handle'>,
): Promise<void> {
  if (!begin.subarray(0, oleSignature.length).equals(oleSignature)) return;
  const marker = Buffer.from('EncryptedPackage', 'utf16le');
  let last = Buffer.alloc(0);
  let isEncrypted = false;
  for await (const chunk of readChunks({ path, handle }, signal)) {
    const text = Buffer.concat([last, chunk]);
    isEncrypted = text.includes(marker);
    if (isEncrypted) break;
    last = text.subarray(-marker.length);
  }
  throw isEncrypted
    ? new UnusableFileError(path, (file) => `${file} is encrypted: it opens only with a password.`, {
        hint: 'Open it in Excel, remove the password (File > Info > Protect Workbook), and save it.',
      })
    : new UnusableFileError(path, (file) => `${file} is a file of an old Office version, such as .xls.`, {
        hint: saveAsWorkbook,
      });
}
