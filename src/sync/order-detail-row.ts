import { toTimestamp } from '../dashboard/dates.js';
import { parseCount } from '../dashboard/items.js';
import type { OrderAnswer } from '../dashboard/order-answer.js';
import type { DetailField, OrderDetailResource } from '../dashboard/order-details.js';
import type { CopyValue } from '../database/copy.js';
import { noteContradiction } from './contradictions.js';
import type { ToldNumbers } from './order-numbers.js';
import { withoutPersonalData } from './personal-data.js';
import type { ValueWarnings } from './value-warnings.js';

/** An order's details as they are staged. */
export interface DetailRows {
  order: CopyValue[];
  numbers: CopyValue[][];
}

const columnTypes = { text: 'text', date: 'timestamptz', count: 'integer', flag: 'boolean', action: 'text' } as const;

/** Columns of the staged orders: what the statements need, and one a field of the resource. */
export function orderColumns(resource: OrderDetailResource): { name: string; type: string }[] {
  return [
    { name: 'order_id', type: 'text collate "C" primary key' },
    { name: 'status', type: 'text' },
    { name: 'last_modified_date', type: 'timestamptz' },
    { name: 'details', type: 'jsonb' },
    { name: 'all_numbers_told', type: 'boolean not null' },
    { name: 'outcome_of_others', type: 'text' },
    { name: 'unknown_reason', type: 'text' },
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

/** An order's answer as rows. What fits no column stays in `details` as text, and is told. */
export function toDetailRows(
  resource: OrderDetailResource,
  orderId: string,
  answer: OrderAnswer,
  told: ToldNumbers,
  warnings: ValueWarnings,
): DetailRows {
  const misfits: Record<string, string | string[]> = {};
  const place = (field: Pick<DetailField, 'path' | 'type'>, text: string | undefined): CopyValue => {
    if (text === undefined || text === '') return null;
    const value = convert(field.type, text);
    if (value !== undefined) return value;
    const name = lastName(field.path);
    misfits[name] = text;
    warnings.note(
      `${name} that is no ${kindNames[field.type]} (kept in raw, the column is null)`,
      `"${text}" of ${orderId}`,
    );
    return null;
  };
  const values = resource.fields.map((field, index) => {
    // The API leaves the count out of orders that failed as a whole, or not at all.
    const counted = field.path === resource.numbers?.failedCount ? told.failed : undefined;
    return place(field, answer.values[index] ?? counted?.toString());
  });
  const lastModified = place({ path: resource.lastModified ?? '', type: 'date' }, answer.lastModified);
  const numbers = told.numbers.filter(({ telephoneNumber }) => isTelephoneNumber(telephoneNumber));
  const odd = told.numbers.filter((number) => !numbers.includes(number)).map(({ telephoneNumber }) => telephoneNumber);
  if (resource.numbers !== undefined && odd.length > 0) {
    misfits[lastName(resource.numbers.path)] = odd;
    for (const number of odd) warnings.note('telephone number that is none (left in raw)', `"${number}" of ${orderId}`);
  }
  for (const path of answer.contradictions) noteContradiction(lastName(path), orderId, warnings);
  if (told.doubt !== undefined) {
    const kind = resource.numbers?.outcomes
      ? 'order that does not add up (what it does not tell of its numbers is unknown, and it is read again by the next run)'
      : 'order whose numbers do not add up (kept as it names them)';
    warnings.note(kind, `${orderId}: ${told.doubt}`);
  }
  for (const remark of told.remarks ?? []) warnings.note('order with an odd answer', `${orderId} ${remark}`);
  const details = { ...withoutPersonalData(answer.rest), ...misfits };
  return {
    order: [
      orderId,
      answer.status ?? null,
      lastModified,
      Object.keys(details).length === 0 ? null : JSON.stringify(details),
      String(told.complete),
      told.outcomeOfOthers,
      resource.numbers?.outcomes ? told.doubt : null,
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

const kindNames = {
  text: 'text',
  date: 'date of a known form',
  count: 'count',
  flag: 'true or false',
  action: 'action',
};

/** Undefined for a text that is nothing of the type. */
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

/** Of PostgreSQL's `integer`. */
const maxInteger = 2 ** 31 - 1;

/** NANP numbers have ten digits, others are E.164 with a plus. */
function isTelephoneNumber(text: string): boolean {
  return /^(?:\d{10}|\+\d{7,15})$/.test(text);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}
