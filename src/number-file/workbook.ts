import { dirname, posix } from 'node:path';
import { type DateFormats, isDateFormat } from './cell-dates.js';
import { StringTable } from './string-table.js';
import { parsePart, parseWhole } from './xml-events.js';
import { readParts, WorkbookProblem, type ZipPart } from './zip-parts.js';

export interface Sheet {
  name: string;
  isHidden: boolean;
  part: ZipPart;
}

/** A workbook of Excel (.xlsx). Its sheets are read from the compressed parts. */
export interface Workbook {
  /** In the order of their tabs. Charts and dialogs are left out: they have no cells. */
  sheets: readonly Sheet[];
  strings: StringTable;
  dates: DateFormats;
}

/**
 * Opens a workbook: reads its directory, the names of its sheets, the texts that cells share, and the formats of dates.
 *
 * @throws {WorkbookProblem} it isn't a workbook in the format .xlsx, is damaged, or is beyond the limits
 */
export async function openWorkbook(data: Buffer, signal?: AbortSignal): Promise<Workbook> {
  const parts = readParts(data);
  refuseOtherFormats(parts);
  const root = await relationsOf(parts, '');
  const path = [...root.values()].find(({ type }) => type === 'officeDocument')?.target ?? 'xl/workbook.xml';
  const main = parts.get(path);
  if (main === undefined) throw new WorkbookProblem('is a ZIP archive, not a workbook');
  const relations = await relationsOf(parts, path);
  const sheets: Sheet[] = [];
  let from1904 = false;
  await parseWhole(main, {
    open(name, attributes) {
      if (name === 'workbookPr') from1904 = isTrue(attributes.date1904);
      if (name !== 'sheet') return;
      const id = Object.entries(attributes).find(([key]) => /:id$/i.test(key))?.[1] ?? '';
      const { type, target = '' } = relations.get(id) ?? {};
      if (type !== undefined && type !== 'worksheet') return;
      const part = parts.get(target);
      if (part === undefined)
        throw new WorkbookProblem(`is damaged: the sheet ${JSON.stringify(attributes.name)} is missing`);
      sheets.push({ name: attributes.name ?? '', isHidden: /hidden/i.test(attributes.state ?? ''), part });
    },
  });
  const partOf = (type: string) => [...relations.values()].find((relation) => relation.type === type)?.target;
  const strings = await readStrings(parts.get(partOf('sharedStrings') ?? ''), signal);
  const isDate = await readDateStyles(parts.get(partOf('styles') ?? ''));
  return { sheets, strings, dates: { isDate, from1904 } };
}

function refuseOtherFormats(parts: ReadonlyMap<string, ZipPart>): void {
  const has = (pattern: RegExp) => [...parts.keys()].some((name) => pattern.test(name));
  if (has(/^xl\/vbaproject\.bin$/)) throw new WorkbookProblem('is a workbook with macros (.xlsm), which is not read');
  if (has(/^xl\/workbook\.bin$/)) throw new WorkbookProblem('is a binary workbook (.xlsb), which is not read');
  if (has(/^meta-inf\/manifest\.xml$/) && has(/^content\.xml$/)) {
    throw new WorkbookProblem('is an OpenDocument file (such as .ods), which is not read');
  }
  if (has(/\.iwa$/)) throw new WorkbookProblem('is a document of Apple Numbers, Pages or Keynote, which is not read');
  if (has(/^(?:word|ppt)\//)) throw new WorkbookProblem('is a Word or PowerPoint document, not a list of numbers');
}

interface Relation {
  /** The last part of its type: `worksheet`, `sharedStrings`, … */
  type: string;
  /** Name of the part, as in the parts of the archive. */
  target: string;
}

/** Reads the relations of a part, by their ids; those of the whole archive for ''. */
async function relationsOf(parts: ReadonlyMap<string, ZipPart>, path: string): Promise<Map<string, Relation>> {
  const folder = path === '' ? '' : dirname(path);
  const part = parts.get(posix.join(folder, '_rels', `${posix.basename(path)}.rels`));
  const relations = new Map<string, Relation>();
  if (part === undefined) return relations;
  await parseWhole(part, {
    open(name, { Id = '', Type = '', Target = '', TargetMode }) {
      if (name !== 'Relationship' || TargetMode === 'External') return;
      const target = Target.startsWith('/') ? Target.slice(1) : posix.join(folder, Target);
      relations.set(Id, { type: Type.split('/').at(-1) ?? '', target: target.toLowerCase() });
    },
  });
  return relations;
}

async function readStrings(part: ZipPart | undefined, signal: AbortSignal | undefined): Promise<StringTable> {
  const strings = new StringTable();
  if (part === undefined) return strings;
  let text = '';
  let isText = false;
  let phonetic = 0;
  const parsing = parsePart(part, {
    open(name) {
      if (name === 'si') text = '';
      else if (name === 'rPh') phonetic += 1;
      else if (name === 't') isText = phonetic === 0;
    },
    text(found) {
      if (isText) text += found;
    },
    close(name) {
      if (name === 'si') strings.add(unescaped(text));
      else if (name === 'rPh') phonetic -= 1;
      else if (name === 't') isText = false;
    },
  });
  for await (const _ of parsing) signal?.throwIfAborted();
  return strings;
}

async function readDateStyles(part: ZipPart | undefined): Promise<boolean[]> {
  const codes = new Map<number, string>();
  const isDate: boolean[] = [];
  if (part === undefined) return isDate;
  let isCellFormat = false;
  await parseWhole(part, {
    open(name, { numFmtId, formatCode }) {
      const id = Number(numFmtId ?? 0);
      if (name === 'numFmt') codes.set(id, formatCode ?? '');
      else if (name === 'cellXfs') isCellFormat = true;
      else if (name === 'xf' && isCellFormat) isDate.push(isDateFormat(id, codes.get(id)));
    },
    close(name) {
      if (name === 'cellXfs') isCellFormat = false;
    },
  });
  return isDate;
}

/** Decodes the escapes of characters that XML can't hold: `_x000D_` (ECMA-376 part 1, 22.9.2.19). */
export function unescaped(text: string): string {
  if (!text.includes('_x')) return text;
  return text.replace(/_x([\dA-Fa-f]{4})_/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 16)));
}

/** Whether an attribute is true in XML Schema's terms. */
export function isTrue(value: string | undefined): boolean {
  return value === '1' || value === 'true';
}
