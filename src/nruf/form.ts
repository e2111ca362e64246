import { UsageError } from '../errors.js';

/** A part of FCC Form 502 that intermediate carriers file. */
export interface Form {
  id: 'u3' | 'u4';
  title: string;
  /** The heading of column A. */
  codeHeading: string;
  /** The SQL function that counts for this form. */
  counts: string;
  /** The column of that function that holds the code. */
  code: 'npa_nxx' | 'npa_nxx_x';
}

const forms: readonly Form[] = [
  {
    id: 'u4',
    title: 'U4, by thousands-block',
    codeHeading: 'NPA-NXX-X',
    counts: 'nruf_utilization',
    code: 'npa_nxx_x',
  },
  {
    id: 'u3',
    title: 'U3, by NPA-NXX, for rural filers',
    codeHeading: 'NPA-NXX',
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

/** Columns A to J of the form, then the values that the form computes, for checking. */
export function headings(form: Form): string[] {
  return [
    form.codeHeading,
    'Rate Center Abbreviation',
    'State',
    'Numbers Received',
    'Assigned',
    'Intermediate',
    'Reserved',
    'Aging',
    'Administrative',
    'Notes/Assignor',
    'Available',
    'Utilization %',
  ];
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

/** The cells of a row in the order of the headings; null is a blank cell. */
export function cells(row: FilingRow): (string | number | null)[] {
  return [
    hyphenated(row.code),
    row.rateCenter,
    row.state,
    row.numbersReceived,
    row.assigned,
    row.intermediate,
    row.reserved,
    row.aging,
    row.administrative,
    row.assignor,
    row.available,
    row.utilizationPercent,
  ];
}

/** Formats `9195550` as `919-555-0` and `919555` as `919-555`. */
export function hyphenated(code: string): string {
  return [code.slice(0, 3), code.slice(3, 6), code.slice(6)].filter((part) => part !== '').join('-');
}

/** The headings of required columns that are blank in a row. */
export function blanks(row: FilingRow): string[] {
  const missing: string[] = [];
  if (row.rateCenter === null) missing.push('Rate Center Abbreviation');
  if (row.state === null) missing.push('State');
  if (row.assignor === null) missing.push('Notes/Assignor');
  return missing;
}
