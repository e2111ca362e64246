import type { FilingRow } from './form.js';

/** A value of a row that is another now; undefined where the row itself was, or is, not there. */
export interface Difference {
  code: string;
  column: keyof FilingRow;
  filed: string | number | null | undefined;
  now: string | number | null | undefined;
}

const compared = [
  'rateCenter',
  'state',
  'numbersReceived',
  'assigned',
  'intermediate',
  'reserved',
  'aging',
  'administrative',
  'assignor',
  'available',
  'undeclared',
  'utilizationPercent',
] as const satisfies readonly (keyof FilingRow)[];

/** What differs between the rows of a filing and those that it would have now, code by code. */
export function compareRows(filed: readonly FilingRow[], now: readonly FilingRow[]): Difference[] {
  const before = new Map(filed.map((row) => [row.code, row]));
  const after = new Map(now.map((row) => [row.code, row]));
  const codes = [...new Set([...before.keys(), ...after.keys()])].sort();
  return codes.flatMap((code) =>
    compared
      .map((column) => ({ code, column, filed: before.get(code)?.[column], now: after.get(code)?.[column] }))
      .filter((each) => each.filed !== each.now),
  );
}
