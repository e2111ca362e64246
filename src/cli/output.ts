import { stringify } from 'csv-stringify/sync';
import { UsageError } from '../errors.js';
import { printResult } from './print-result.js';

/** Options of a command that lists something. */
export interface ListOptions {
  json?: boolean;
  csv?: boolean;
}

/** How a result is printed: as a table for people, as JSON or as CSV. */
export type Output = 'text' | 'json' | 'csv';

/** @throws {UsageError} both are set */
export function outputOf({ json, csv }: ListOptions): Output {
  if (json && csv) throw new UsageError('--csv and --json cannot be combined.');
  return json ? 'json' : csv ? 'csv' : 'text';
}

/** Prints a result that is JSON or CSV unchanged. */
export function printAs(output: Output, text: string): void {
  printResult(output === 'csv' ? text.trimEnd() : text, { json: output !== 'text' });
}

/** A list as CSV, for spreadsheet programs: no cell begins a formula. */
export function toCsv(header: readonly string[], lines: readonly (readonly (string | number | null)[])[]): string {
  return stringify([header, ...lines] as (string | number | null)[][], { escape_formulas: true });
}
