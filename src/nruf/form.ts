import { UsageError } from '../errors.js';

/** A form of FCC Form 502 that an intermediate holder files. */
export interface Form {
  id: 'u3' | 'u4';
  title: string;
  /** Heading of column A. */
  codeHeading: string;
  /** The function that counts for it, and the column of its codes. */
  counts: string;
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

/**
 * @throws {UsageError} there is no such form, or none that tn-ledger has the numbers for
 */
export function findForm(text: string): Form {
  const id = text.trim().toLowerCase();
  const form = forms.find((each) => each.id === id);
  if (form !== undefined) return form;
  const holders =
    'U1 and U2 are for companies that hold whole codes or blocks, and the API does not tell what they would need.';
  throw new UsageError(`There is no form ${JSON.stringify(text)} to export.`, {
    hint: `Known: u4 (by thousands-block), u3 (by NPA-NXX). ${/^u[12]$/.test(id) ? holders : ''}`.trim(),
  });
}

/** Columns A to J of the form, then what it computes by itself, to check against. */
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
  /** Six digits, or seven. */
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
  /** With two decimals. */
  utilizationPercent: string;
}

/** The cells of a row in the order of the headings: texts, numbers, and null for a blank. */
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

/** `9195550` as `919-555-0`, `919555` as `919-555`. */
export function hyphenated(code: string): string {
  return [code.slice(0, 3), code.slice(3, 6), code.slice(6)].filter((part) => part !== '').join('-');
}

/** What the form requires and a row lacks, by the headings of the columns. */
export function blanks(row: FilingRow): string[] {
  const missing: string[] = [];
  if (row.rateCenter === null) missing.push('Rate Center Abbreviation');
  if (row.state === null) missing.push('State');
  if (row.assignor === null) missing.push('Notes/Assignor');
  return missing;
}
