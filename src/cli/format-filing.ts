import type { Difference } from '../nruf/compare.js';
import type { Exported } from '../nruf/export.js';
import type { FilingParameters } from '../nruf/filing-rows.js';
import type { Filing } from '../nruf/filings.js';
import { blanks, cells, type FilingRow, headings, hyphenated } from '../nruf/form.js';
import { describeAccounts } from '../nruf/scope.js';
import { formatCount, formatTable } from './format.js';

/** Headings short enough for a terminal. Files use the full ones. */
const shortHeadings: Readonly<Record<string, string>> = {
  'Rate Center Abbreviation': 'Rate Center',
  'Numbers Received': 'Received',
  Administrative: 'Admin.',
  'Utilization %': 'Util. %',
};

/** Formats the rows of a count as a table with totals, or as JSON. */
export function formatRows(rows: readonly FilingRow[], parameters: FilingParameters, json: boolean): string {
  if (json) return JSON.stringify({ ...describeParameters(parameters), rows: rows.map(toJsonRow) }, null, 2);
  const header = [...headings(parameters.form).map((heading) => shortHeadings[heading] ?? heading), 'Undeclared'];
  const lines = rows.map((row) => [...cells(row), row.undeclared].map(toText));
  const sum = (of: (row: FilingRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const [received, assigned] = [sum((row) => row.numbersReceived), sum((row) => row.assigned)];
  const total = [
    `${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`,
    null,
    null,
    received,
    assigned,
    sum((row) => row.intermediate),
    sum((row) => row.reserved),
    sum((row) => row.aging),
    sum((row) => row.administrative),
    null,
    sum((row) => row.available),
    ((assigned / received) * 100).toFixed(2),
    sum((row) => row.undeclared),
  ].map(toText);
  const table = formatTable(header, [...lines, total], { right: [3, 4, 5, 6, 7, 8, 10, 11, 12] });
  const notes = [`Form ${parameters.form.title}; ${describeScope(parameters)}.`];
  const gaps = rows.filter((row) => blanks(row).length > 0).length;
  if (gaps > 0)
    notes.push(
      `${formatCount(gaps)} ${gaps === 1 ? 'row has' : 'rows have'} blanks in required columns. To list them: tn-ledger audit --as-of ${parameters.asOf}`,
    );
  return `${table}\n\n${notes.join('\n')}`;
}

/** Describes the written file and its saved filing. */
export function formatExported(
  { id, sha256, rows }: Exported,
  file: string,
  parameters: FilingParameters,
  json: boolean,
): string {
  if (json)
    return JSON.stringify(
      { filing: id, file, sha256, row_count: rows.length, ...describeParameters(parameters) },
      null,
      2,
    );
  const received = rows.reduce((total, row) => total + row.numbersReceived, 0);
  return [
    `${file}: form ${parameters.form.title}, ${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}, ${formatCount(received)} numbers; ${describeScope(parameters)}.`,
    `Saved as filing ${id}, SHA-256 ${sha256}.`,
  ].join('\n');
}

export function formatFilings(filings: readonly Filing[], json: boolean): string {
  if (json) {
    const list = filings.map(({ id, createdAt, fileName, sha256, rowCount, ...parameters }) => ({
      filing: id,
      created_at: createdAt,
      file_name: fileName,
      sha256,
      row_count: rowCount,
      ...describeParameters(parameters),
    }));
    return JSON.stringify(list, null, 2);
  }
  if (filings.length === 0) return 'There are no saved filings. To create one: tn-ledger nruf --as-of DATE --out FILE';
  const lines = filings.map((filing) => [
    filing.id,
    filing.asOf,
    filing.form.id,
    filing.accounts?.join(', ') ?? 'all',
    filing.state ?? 'all',
    formatCount(filing.rowCount),
    filing.createdAt.toISOString().slice(0, 16).replace('T', ' '),
    filing.fileName,
    filing.sha256.slice(0, 12),
  ]);
  const header = ['filing', 'as of', 'form', 'accounts', 'state', 'rows', 'created (UTC)', 'file', 'SHA-256'];
  return formatTable(header, lines, { right: [0, 5] });
}

/** Differences from today's count with the given aging period. */
export interface Comparison {
  agingDays: number;
  differences: readonly Difference[];
}

export function formatComparison(filing: Filing, { agingDays, differences }: Comparison, json: boolean): string {
  if (json) {
    const list = differences.map(({ code, column, filed, now }) => ({
      code,
      column: snakeCase(column),
      filed: filed ?? null,
      now: now ?? null,
    }));
    return JSON.stringify(
      { filing: filing.id, ...describeParameters(filing), compared_aging_days: agingDays, differences: list },
      null,
      2,
    );
  }
  const about = `Filing ${filing.id} (${filing.form.id}, as of ${filing.asOf}, created ${filing.createdAt.toISOString().slice(0, 10)})`;
  const aging =
    agingDays === filing.agingDays
      ? ''
      : ` Filed with an aging period of ${filing.agingDays} days, compared with ${agingDays}. To compare as filed, use --aging-days ${filing.agingDays}.`;
  if (differences.length === 0) return `${about}: no differences today.${aging}`;
  const table = formatTable(
    ['code', 'column', 'filed', 'now'],
    differences.map(({ code, column, filed, now }) => [
      hyphenated(code),
      snakeCase(column),
      filed === undefined ? '(no row)' : toText(filed),
      now === undefined ? '(no row)' : toText(now),
    ]),
    { right: [2, 3] },
  );
  const codes = new Set(differences.map(({ code }) => code)).size;
  return `${table}\n\n${about}: ${formatCount(codes)} ${codes === 1 ? 'row differs' : 'rows differ'} today.${aging}`;
}

function toText(value: string | number | null): string {
  return typeof value === 'number' ? formatCount(value) : (value ?? '');
}

function describeScope({ asOf, accounts, state, agingDays }: FilingParameters): string {
  const parts = [`as of the end of ${asOf} (UTC)`, describeAccounts(accounts)];
  if (state !== undefined) parts.push(state);
  if (agingDays > 0) parts.push(`aging period of ${agingDays} days`);
  return parts.join(', ');
}

function describeParameters({ asOf, form, accounts, state, agingDays, assignor }: FilingParameters) {
  return {
    as_of: asOf,
    form: form.id,
    accounts: accounts ?? null,
    state: state ?? null,
    aging_days: agingDays,
    assignor: assignor ?? null,
  };
}

function toJsonRow(row: FilingRow) {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      snakeCase(name),
      name === 'utilizationPercent' ? Number(value) : value,
    ]),
  );
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
