import { basename } from 'node:path';
import type { Difference } from '../nruf/compare.js';
import type { Due } from '../nruf/due.js';
import type { Exported } from '../nruf/export.js';
import type { FilingParameters } from '../nruf/filing-rows.js';
import type { Filing } from '../nruf/filings.js';
import { blanks, cells, type FilingRow, hyphenated } from '../nruf/form.js';
import type { Form502, FormColumn, RowValue } from '../nruf/form-data.js';
import type { ChecklistItem, Prepared } from '../nruf/prepare.js';
import { describeAccounts } from '../nruf/scope.js';
import { formatCount, formatTable } from './format.js';
import { type Output, toCsv } from './output.js';

/** Headings short enough for a terminal. Files use the full ones. */
const shortHeadings: Readonly<Partial<Record<RowValue, string>>> = {
  rate_center: 'Rate Center',
  numbers_received: 'Received',
  administrative: 'Admin.',
  utilization_percent: 'Util. %',
};

const texts: readonly RowValue[] = ['code', 'rate_center', 'state', 'assignor'];

interface RowsOptions {
  columns: readonly FormColumn[];
  json: boolean;
}

/** Formats the rows of a count as a table with totals, or as JSON. */
export function formatRows(
  rows: readonly FilingRow[],
  parameters: FilingParameters,
  { columns, json }: RowsOptions,
): string {
  if (json) return JSON.stringify({ ...describeParameters(parameters), rows: rows.map(toJsonRow) }, null, 2);
  const header = [...columns.map(({ value, heading }) => shortHeadings[value] ?? heading), 'Undeclared'];
  const lines = rows.map((row) => [...cells(row, columns), row.undeclared].map(toText));
  const sum = (of: (row: FilingRow) => number) => rows.reduce((total, row) => total + of(row), 0);
  const numbersReceived = sum((row) => row.numbersReceived);
  const sums: FilingRow = {
    code: '',
    rateCenter: null,
    state: null,
    numbersReceived,
    assigned: sum((row) => row.assigned),
    intermediate: sum((row) => row.intermediate),
    reserved: sum((row) => row.reserved),
    aging: sum((row) => row.aging),
    administrative: sum((row) => row.administrative),
    assignor: null,
    available: sum((row) => row.available),
    undeclared: sum((row) => row.undeclared),
    utilizationPercent: ((sum((row) => row.assigned) / numbersReceived) * 100).toFixed(2),
  };
  const count = `${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}`;
  const total = columns
    .map(({ value }, index) => (value === 'code' ? count : (cells(sums, columns)[index] ?? null)))
    .concat(sums.undeclared)
    .map(toText);
  const right = columns.flatMap(({ value }, index) => (texts.includes(value) ? [] : [index])).concat(columns.length);
  const table = formatTable(header, [...lines, total], { right });
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
  { data, json }: { data: Form502; json: boolean },
): string {
  if (json)
    return JSON.stringify(
      {
        filing: id,
        file,
        sha256,
        row_count: rows.length,
        form_version: data.version,
        ...describeParameters(parameters),
      },
      null,
      2,
    );
  const received = rows.reduce((total, row) => total + row.numbersReceived, 0);
  return [
    `${file}: form ${parameters.form.title}, ${formatCount(rows.length)} ${rows.length === 1 ? 'row' : 'rows'}, ${formatCount(received)} numbers; ${describeScope(parameters)}.`,
    `Saved as filing ${id}, SHA-256 ${sha256}. ${describeHeadings(data)}`,
  ].join('\n');
}

function describeHeadings({ version, verified }: Form502): string {
  return `Headings: version ${version}${verified ? '' : ', not yet compared with the current form (docs/filing.md)'}.`;
}

function describeFiling({ id, createdAt, fileName, sha256, rowCount, dueOn, ocn, formVersion, ...rest }: Filing) {
  return {
    filing: id,
    created_at: createdAt,
    due_on: dueOn,
    ocn,
    file_name: fileName,
    sha256,
    row_count: rowCount,
    form_version: formVersion,
    ...describeParameters(rest),
  };
}

export function formatFilings(filings: readonly Filing[], output: Output): string {
  if (output === 'json') return JSON.stringify(filings.map(describeFiling), null, 2);
  const header = [
    'filing',
    'due',
    'as of',
    'OCN',
    'form',
    'accounts',
    'state',
    'rows',
    'created (UTC)',
    'file',
    'SHA-256',
  ];
  const lines = filings.map((filing) => [
    filing.id,
    filing.dueOn ?? '',
    filing.asOf,
    filing.ocn ?? '',
    filing.form.id,
    filing.accounts?.join(', ') ?? 'all',
    filing.state ?? 'all',
    output === 'csv' ? String(filing.rowCount) : formatCount(filing.rowCount),
    filing.createdAt.toISOString().slice(0, 16).replace('T', ' '),
    filing.fileName,
    output === 'csv' ? filing.sha256 : filing.sha256.slice(0, 12),
  ]);
  if (output === 'csv') return toCsv(header, lines);
  if (filings.length === 0) {
    return 'There are no stored filings. To create them: tn-ledger filing prepare --due DATE, or tn-ledger nruf --as-of DATE --out FILE';
  }
  return formatTable(header, lines, { right: [0, 7] });
}

/** A stored filing with its rows. */
export function formatStored(
  filing: Filing,
  rows: readonly FilingRow[],
  columns: readonly FormColumn[],
  output: Output,
): string {
  if (output === 'json')
    return JSON.stringify({ ...describeFiling(filing), company: filing.company, rows: rows.map(toJsonRow) }, null, 2);
  if (output === 'csv') {
    return toCsv(
      columns.map(({ heading }) => heading),
      rows.map((row) => cells(row, columns)),
    );
  }
  const due = filing.dueOn === null ? '' : `, due on ${filing.dueOn}`;
  const ocn = filing.ocn === null ? '' : `, OCN ${filing.ocn}`;
  const company = Object.entries(filing.company ?? {}).map(([heading, value]) => `  ${heading}: ${value}`);
  return [
    formatRows(rows, filing, { columns, json: false }),
    `Filing ${filing.id}${due}${ocn}, created ${filing.createdAt.toISOString().slice(0, 10)}: ${filing.fileName}, SHA-256 ${filing.sha256}.`,
    `Headings of the file: version ${filing.formVersion ?? 'unknown'}.`,
    ...(company.length === 0 ? [] : ['Company page:', ...company]),
  ].join('\n');
}

/** What `filing prepare` made and what is missing. */
export function formatPrepared(
  { filings, companyFiles, checklist }: Prepared,
  { due, data, folder }: { due: Due; data: Form502; folder: string },
  output: Output,
): string {
  if (output === 'json') {
    return JSON.stringify(
      {
        due_on: due.on,
        as_of: due.asOf,
        overdue_days: Math.max(0, due.overdueDays),
        form_version: data.version,
        form_verified: data.verified,
        filings: filings.map(({ rows, numbers, ...filing }) => ({ ...filing, row_count: rows, numbers })),
        company_files: companyFiles,
        checklist,
      },
      null,
      2,
    );
  }
  if (output === 'csv') {
    return toCsv(
      ['level', 'about', 'id', 'text', 'count', 'fix'],
      checklist.map(({ level, about, id, text, count, fix }) => [level, about, id, text, count, fix]),
    );
  }
  const days = (count: number) => `${formatCount(count)} ${count === 1 ? 'day' : 'days'}`;
  const when =
    due.overdueDays > 0
      ? `OVERDUE by ${days(due.overdueDays)}`
      : due.overdueDays === 0
        ? 'due today'
        : `${days(-due.overdueDays)} left`;
  const table = formatTable(
    ['OCN', 'form', 'accounts', 'rows', 'numbers', 'filing', 'file'],
    filings.map(({ ocn, form, accounts, rows, numbers, filing, same, file }) => [
      ocn,
      form.toUpperCase(),
      accounts.join(', '),
      formatCount(rows),
      formatCount(numbers),
      same ? `equal to filing ${filing}` : `stored as filing ${filing}`,
      `${folder}/${basename(file)}`,
    ]),
    { right: [3, 4] },
  );
  return [
    `NRUF due on ${due.on}, numbers as of ${due.asOf}: ${when}.`,
    '',
    table,
    ...companyFiles.map((file) => `Company page: ${folder}/${basename(file)}`),
    describeHeadings(data),
    ...checklistLines('To fix before filing:', checklist, 'open'),
    ...checklistLines('To look at (may be right as it is):', checklist, 'review'),
    ...(checklist.some(({ level }) => level === 'open') ? [] : ['', 'Nothing is missing.']),
  ].join('\n');
}

function checklistLines(title: string, checklist: readonly ChecklistItem[], level: ChecklistItem['level']): string[] {
  const items = checklist.filter((item) => item.level === level);
  if (items.length === 0) return [];
  return [
    '',
    title,
    ...items.flatMap(({ about, text, count, fix }) => [
      `  ${about === null || text.includes(about) ? '' : `OCN ${about}: `}${text}${count === null ? '' : `: ${formatCount(count)}`}`,
      `    ${fix}`,
    ]),
  ];
}

/** Differences from today's count with the given aging period, or from another filing. */
export interface Comparison {
  agingDays: number;
  differences: readonly Difference[];
  /** Undefined: today's count. */
  other?: Filing;
}

export function formatComparison(
  filing: Filing,
  { agingDays, differences, other }: Comparison,
  output: Output,
): string {
  const list = differences.map(({ code, column, filed, now }) => ({
    code,
    column: snakeCase(column),
    filed: filed ?? null,
    now: now ?? null,
  }));
  if (output === 'json') {
    return JSON.stringify(
      {
        filing: filing.id,
        ...describeParameters(filing),
        compared_with: other?.id ?? null,
        compared_aging_days: agingDays,
        differences: list,
      },
      null,
      2,
    );
  }
  if (output === 'csv') {
    return toCsv(
      ['code', 'column', 'filed', 'now'],
      list.map(({ code, column, filed, now }) => [code, column, filed, now]),
    );
  }
  const created = (of: Filing) => `as of ${of.asOf}, created ${of.createdAt.toISOString().slice(0, 10)}`;
  const about = `Filing ${filing.id} (${filing.form.id}, ${created(filing)})`;
  const than = other === undefined ? 'today' : `in filing ${other.id} (${created(other)})`;
  const again = other === undefined ? ` To compare as filed, use --aging-days ${filing.agingDays}.` : '';
  const aging =
    agingDays === filing.agingDays
      ? ''
      : ` Filed with an aging period of ${filing.agingDays} days, compared with ${agingDays}.${again}`;
  if (differences.length === 0) return `${about}: no differences ${than}.${aging}`;
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
  return `${table}\n\n${about}: ${formatCount(codes)} ${codes === 1 ? 'row differs' : 'rows differ'} ${than}.${aging}`;
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
