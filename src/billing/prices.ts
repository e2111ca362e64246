import { readFile } from 'node:fs/promises';
import { CsvError, parse } from 'csv-parse/sync';
import { messageOf, UsageError } from '../errors.js';

const matched = ['tier', 'state', 'rate_center', 'npa'] as const;
type Matched = (typeof matched)[number];

/** Monthly prices of numbers. */
export interface PriceList {
  /** The price of the first line that fits a number, as in the file; undefined: none fits. */
  priceOf(number: Readonly<Record<Matched, string | null>>): string | undefined;
}

const hint =
  'The first line must name the columns: monthly_price, and any of tier, state, rate_center and npa; see docs/billing.md.';

/**
 * Reads a price list: a CSV file with the column `monthly_price` and any of `tier`, `state`, `rate_center` and `npa`. A blank cell
 * fits every number, and the first line that fits a number has its price.
 *
 * @throws {UsageError} the file can't be read, or isn't a price list; names the line
 */
export async function readPriceList(path: string): Promise<PriceList> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw new UsageError(`${path} can't be read: ${messageOf(error)}.`, { hint: 'Check the path of the price list.' });
  });
  const rows = parseCsv(path, text);
  const header = (rows.shift()?.cells ?? []).map((cell) => cell.trim().toLowerCase());
  const unknown = header.filter((name) => name !== 'monthly_price' && !matched.includes(name as Matched));
  if (!header.includes('monthly_price') || unknown.length > 0 || new Set(header).size < header.length) {
    const what = unknown.length > 0 ? `has the unknown column ${JSON.stringify(unknown[0])}` : 'is not a price list';
    throw new UsageError(`${path} ${what}.`, { hint });
  }
  // By the columns that lines use: a number is looked up once per combination, however long the list is.
  const byColumns = new Map<string, Map<string, { line: number; price: string }>>();
  for (const { line, cells } of rows) {
    const cell = (name: string) => cells[header.indexOf(name)]?.trim() ?? '';
    const price = cell('monthly_price');
    if (cells.length !== header.length || !/^\d{1,9}(\.\d{1,9})?$/.test(price)) {
      throw new UsageError(`Line ${line} of ${path} has no price such as 0.25: ${JSON.stringify(cells.join(','))}.`, {
        hint,
      });
    }
    const used = matched.filter((name) => header.includes(name) && cell(name) !== '');
    const prices = byColumns.get(used.join()) ?? new Map();
    byColumns.set(used.join(), prices);
    const key = used.map((name) => cell(name).toUpperCase()).join('\0');
    if (!prices.has(key)) prices.set(key, { line, price });
  }
  return {
    priceOf(number) {
      let first: { line: number; price: string } | undefined;
      for (const [columns, prices] of byColumns) {
        const used = columns === '' ? [] : (columns.split(',') as Matched[]);
        const found = prices.get(used.map((name) => number[name]?.toUpperCase() ?? '').join('\0'));
        if (found !== undefined && (first === undefined || found.line < first.line)) first = found;
      }
      return first?.price;
    },
  };
}

function parseCsv(path: string, text: string): { line: number; cells: string[] }[] {
  try {
    const rows = parse(text, {
      bom: true,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
    return rows.map(({ record, info }) => ({ line: info.lines, cells: record }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new UsageError(`${path} can't be read as CSV: ${error.message}.`, { hint });
  }
}
