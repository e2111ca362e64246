import { UsageError } from '../errors.js';
import type { FormColumn, RowValue } from './form-data.js';

/** A part of FCC Form 502 that intermediate carriers file. */
export interface Form {
  id: 'u3' | 'u4';
  title: string;
  /** The SQL function that counts for this form. */
  counts: string;
  /** The column of that function that holds the code. */
  code: 'npa_nxx' | 'npa_nxx_x';
}

const forms: readonly Form[] = [
  {
    id: 'u4',
    title: 'U4, by thousands-block',
    counts: 'nruf_utilization',
    code: 'npa_nxx_x',
  },
  {
    id: 'u3',
    title: 'U3, by NPA-NXX, for rural filers',
    counts: 'nruf_utilization_by_code',
    code: 'npa_nxx',
  },
];

/** @throws {UsageError} the form is unknown or unsupported */
export function findForm(text: string): Form {
  const id = text.trim().toLowerCase();
  const form = forms.find((each) => each.id === id);
  if (form !== undefined) return form;
  const holders =
    'U1 and U2 are for companies that hold whole codes or blocks; the API does not have the data that they need.';
  throw new UsageError(`Unknown form ${JSON.stringify(text)}.`, {
    hint: `Use u4 (by thousands-block), u3 (by NPA-NXX). ${/^u[12]$/.test(id) ? holders : ''}`.trim(),
  });
}

/** A row of a filing; counts are whole numbers. */
export interface FilingRow {
  /** Six or seven digits. */
  code: string;
  rateCenter: string | null;
  state: string | null;
  numbersReceived: number;
  assigned: number;
  intermediate: number;
  reserved: number;
  aging: number;
  administrative: number;
  assignor: string | null;
  available: number;
  undeclared: number;
  /** Two decimals. */
  utilizationPercent: string;
}

/** The value of a column of the form; null is a blank cell. Codes are hyphenated. */
const valuesOf: Readonly<Record<RowValue, (row: FilingRow) => string | number | null>> = {
  code: (row) => hyphenated(row.code),
  rate_center: (row) => row.rateCenter,
  state: (row) => row.state,
  numbers_received: (row) => row.numbersReceived,
  assigned: (row) => row.assigned,
  intermediate: (row) => row.intermediate,
  reserved: (row) => row.reserved,
  aging: (row) => row.aging,
  administrative: (row) => row.administrative,
  assignor: (row) => row.assignor,
  available: (row) => row.available,
  utilization_percent: (row) => row.utilizationPercent,
};

/** The cells of a row in the order of the columns. */
export function cells(row: FilingRow, columns: readonly FormColumn[]): (string | number | null)[] {
  return columns.map(({ value }) => valuesOf[value](row));
}

/** Formats `9195550` as `919-555-0` and `919555` as `919-555`. */
export function hyphenated(code: string): string {
  return [code.slice(0, 3), code.slice(3, 6), code.slice(6)].filter((part) => part !== '').join('-');
}

/** Columns that the form requires and the ledger may lack. */
const required = ['rate_center', 'state', 'assignor'] as const satisfies readonly RowValue[];

/** The required columns that are blank in a row. */
export function blanks(row: FilingRow): RowValue[] {
  return required.filter((value) => valuesOf[value](row) === null);
}
