import type { FilingRow } from './form.js';

/** A value that differs from the filed one; undefined if the filing, or today's count, has no such row. */
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

/** Compares the filed rows with today's, code by code. */
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
