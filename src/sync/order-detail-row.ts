import { toTimestamp } from '../dashboard/dates.js';
import { parseCount } from '../dashboard/items.js';
import type { OrderAnswer } from '../dashboard/order-answer.js';
import type { DetailField, OrderDetailResource } from '../dashboard/resource.js';
import type { CopyValue } from '../database/copy.js';
import { noteContradiction } from './contradictions.js';
import type { ReportedNumbers } from './order-numbers.js';
import { withoutPersonalData } from './personal-data.js';
import type { ValueWarnings } from './value-warnings.js';

/** An order's details as staged rows. */
export interface DetailRows {
  order: CopyValue[];
  numbers: CopyValue[][];
}

const columnTypes = { text: 'text', date: 'timestamptz', count: 'integer', flag: 'boolean', action: 'text' } as const;

/** Columns of the staged orders: those the statements need, and one per field of the resource. */
export function orderColumns(resource: OrderDetailResource): { name: string; type: string }[] {
  return [
    { name: 'order_id', type: 'text collate "C" primary key' },
    { name: 'status', type: 'text' },
    { name: 'last_modified_date', type: 'timestamptz' },
    { name: 'details', type: 'jsonb' },
    { name: 'has_all_numbers', type: 'boolean not null' },
    { name: 'outcome_of_others', type: 'text' },
    { name: 'unknown_reason', type: 'text' },
    ...(resource.members ? [{ name: 'members', type: 'jsonb' }] : []),
    ...resource.fields.map(({ column, type }) => ({ name: column, type: columnTypes[type] })),
  ];
}

/** Columns of the staged numbers. */
export const numberColumns: readonly { name: string; type: string }[] = [
  { name: 'order_id', type: 'text collate "C" not null' },
  { name: 'telephone_number', type: 'text collate "C" not null' },
  { name: 'outcome', type: 'text' },
  { name: 'error_code', type: 'text' },
  { name: 'error_description', type: 'text' },
];

/** Converts an order's response to rows. A value that doesn't fit its column is kept as text in `details`, with a warning. */
export function toDetailRows(
  resource: OrderDetailResource,
  orderId: string,
  answer: OrderAnswer,
  reported: ReportedNumbers,
  warnings: ValueWarnings,
): DetailRows {
  const misfits: Record<string, string | string[]> = {};
  const place = (field: Pick<DetailField, 'path' | 'type'>, text: string | undefined): CopyValue => {
    if (text === undefined || text === '') return null;
    const value = convert(field.type, text);
    if (value !== undefined) return value;
    const name = lastName(field.path);
    misfits[name] = text;
    warnings.note(`${name} that is ${misfit[field.type]} (kept in raw; the column is null)`, `"${text}" of ${orderId}`);
    return null;
  };
  const values = resource.fields.map((field, index) => {
    // The API omits the failed count if all numbers failed, or none.
    const counted = field.path === resource.numbers?.failedCount ? reported.failed : undefined;
    return place(field, answer.values[index] ?? counted?.toString());
  });
  const lastModified = place({ path: resource.lastModified ?? '', type: 'date' }, answer.lastModified);
  const numbers = reported.numbers.filter(({ telephoneNumber }) => isTelephoneNumber(telephoneNumber));
  const invalid = reported.numbers
    .filter((number) => !numbers.includes(number))
    .map(({ telephoneNumber }) => telephoneNumber);
  if (resource.numbers !== undefined && invalid.length > 0) {
    misfits[lastName(resource.numbers.path)] = invalid;
    for (const number of invalid) warnings.note('invalid telephone number (kept in raw)', `"${number}" of ${orderId}`);
  }
  for (const path of answer.contradictions) noteContradiction(lastName(path), orderId, warnings);
  if (reported.contradiction !== undefined) {
    const kind = resource.numbers?.outcomes
      ? 'inconsistent order (numbers without an outcome are UNKNOWN; the next run reads it again)'
      : 'order whose number count is inconsistent (its numbers are stored as listed)';
    warnings.note(kind, `${orderId}: ${reported.contradiction}`);
  }
  for (const remark of reported.remarks ?? []) warnings.note('order with an unusual response', `${orderId} ${remark}`);
  const details = { ...withoutPersonalData(answer.rest, resource.harmless), ...misfits };
  return {
    order: [
      orderId,
      answer.status ?? null,
      lastModified,
      Object.keys(details).length === 0 ? null : JSON.stringify(details),
      String(reported.complete),
      reported.outcomeOfOthers,
      resource.numbers?.outcomes ? reported.contradiction : null,
      ...(resource.members ? [answer.members && JSON.stringify(answer.members)] : []),
      ...values,
    ],
    numbers: numbers.map(({ telephoneNumber, outcome, errorCode, errorDescription }) => [
      orderId,
      telephoneNumber,
      outcome,
      errorCode,
      errorDescription,
    ]),
  };
}

const misfit = {
  text: 'not text',
  date: 'not in a known date format',
  count: 'not a count',
  flag: 'neither true nor false',
  action: 'not an action',
};

/** Returns undefined for a text that doesn't fit the type. */
function convert(type: DetailField['type'], text: string): string | undefined {
  switch (type) {
    case 'text':
      return text;
    case 'date':
      return toTimestamp(text);
    case 'count':
      return (parseCount(text) ?? Number.POSITIVE_INFINITY) <= maxInteger ? text : undefined;
    case 'flag':
      return /^(?:true|false)$/i.test(text) ? text.toLowerCase() : undefined;
    case 'action':
      // The list's filter calls them ASSIGNED and UNASSIGNED.
      return /^((?:UN)?ASSIGN)(?:ED)?$/i.exec(text)?.[1]?.toUpperCase();
  }
}

/** The maximum of PostgreSQL's `integer`. */
const maxInteger = 2 ** 31 - 1;

/** Ten digits (NANP), or E.164 with a plus. */
function isTelephoneNumber(text: string): boolean {
  return /^(?:\d{10}|\+\d{7,15})$/.test(text);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
