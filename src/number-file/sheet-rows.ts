import { dateText } from './cell-dates.js';
import type { CsvRow } from './csv-rows.js';
import { isTrue, type Sheet, unescaped, type Workbook } from './workbook.js';
import { parsePart } from './xml-events.js';
import { WorkbookProblem } from './zip-parts.js';

/** A row of a sheet: numbers are written without exponent, dates in ISO 8601. */
export interface SheetRow extends CsvRow {
  /** Hidden by a filter, an outline or the user. */
  isHidden: boolean;
}

/** Excel's limits. */
const maxRows = 1_048_576;
const maxColumns = 16_384;
/** As for a line of a CSV file. */
const maxRowLength = 1024 * 1024;

/**
 * Yields the rows of a sheet in batches, one per chunk of the file; skips blank rows, and includes hidden ones.
 *
 * A formula counts as its stored value. One without, as some programs write them, is kept as the formula, so that its row isn't
 * taken for a blank one.
 *
 * @throws {WorkbookProblem} the sheet is damaged, or a row is longer than 1 MiB
 */
export async function* readSheetRows(
  { strings, dates }: Workbook,
  sheet: Sheet,
  signal?: AbortSignal,
): AsyncGenerator<SheetRow[]> {
  let rows: SheetRow[] = [];
  let row: SheetRow | undefined;
  let line = 0;
  let length = 0;
  let column = 0;
  let type = '';
  let style = -1;
  let value = '';
  let formula: string | undefined;
  let inlined = '';
  let phonetic = 0;
  let into: 'value' | 'formula' | 'inlined' | undefined;

  const damaged = (what: string) =>
    new WorkbookProblem(`is damaged: row ${line} of the sheet ${JSON.stringify(sheet.name)} ${what}`);

  function content(): string {
    if (type === 'inlineStr') return unescaped(inlined);
    if (value === '') return formula === undefined || type === 'str' ? '' : `=${formula}`;
    if (type === 's') {
      const text = strings.get(Number(value));
      if (text === undefined) throw damaged(`refers to the text ${value}, which is missing`);
      return text;
    }
    if (type === 'str') return unescaped(value);
    if (type === 'b') return value === '1' ? 'TRUE' : 'FALSE';
    if (type === 'e' || type === 'd') return value;
    const number = Number(value);
    if (!Number.isFinite(number))
      throw damaged(`has the value ${JSON.stringify(value.slice(0, 40))} in a cell of numbers`);
    return (dates.isDate[style] ? dateText(number, dates.from1904) : undefined) ?? String(number);
  }

  const parsing = parsePart(sheet.part, {
    open(name, attributes) {
      switch (name) {
        case 'row':
          line = attributes.r === undefined ? line + 1 : nextLine(attributes.r);
          row = { line, cells: [], isHidden: isTrue(attributes.hidden) };
          length = 0;
          column = 0;
          break;
        case 'c':
          if (attributes.r !== undefined) column = columnOf(attributes.r);
          type = attributes.t ?? 'n';
          style = Number(attributes.s ?? 0);
          value = '';
          formula = undefined;
          inlined = '';
          break;
        case 'v':
          into = 'value';
          break;
        case 'f':
          into = 'formula';
          formula = '';
          break;
        case 't':
          if (phonetic === 0) into = 'inlined';
          break;
        case 'rPh':
          phonetic += 1;
          break;
      }
    },
    text(found) {
      if (into === 'value') value += found;
      else if (into === 'formula') formula += found;
      else if (into === 'inlined') inlined += found;
    },
    close(name) {
      switch (name) {
        case 'v':
        case 'f':
        case 't':
          into = undefined;
          break;
        case 'rPh':
          phonetic -= 1;
          break;
        case 'c': {
          if (row === undefined) break;
          const text = content();
          if (text !== '') {
            length += text.length;
            if (length > maxRowLength) {
              throw new WorkbookProblem(`has a row longer than 1 MiB (row ${line}): it isn't a list of numbers`);
            }
            while (row.cells.length < column) row.cells.push('');
            row.cells[column] = text;
          }
          column += 1;
          break;
        }
        case 'row':
          if (row?.cells.some((cell) => cell.trim() !== '')) rows.push(row);
          row = undefined;
          break;
      }
    },
  });

  function nextLine(reference: string): number {
    const next = Number(reference);
    if (!Number.isInteger(next) || next <= line || next > maxRows)
      throw damaged(`is followed by row ${JSON.stringify(reference)}`);
    return next;
  }

  function columnOf(reference: string): number {
    let index = 0;
    let at = 0;
    for (; at < reference.length; at += 1) {
      const letter = (reference.charCodeAt(at) & ~32) - 64;
      if (letter < 1 || letter > 26) break;
      index = index * 26 + letter;
    }
    if (index < 1 || index > maxColumns) throw damaged(`has a cell ${JSON.stringify(reference)}`);
    return index - 1;
  }

  for await (const _ of parsing) {
    signal?.throwIfAborted();
    if (rows.length === 0) continue;
    yield rows;
    rows = [];
  }
}
