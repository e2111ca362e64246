import { parseApiDate } from '../../dashboard/dates.js';
import type { WindowResource } from '../../dashboard/order-resources.js';
import type { Item } from '../../dashboard/pager.js';
import type { XmlValue } from '../../dashboard/xml.js';
import type { CopyValue } from '../../database/copy.js';
import { noteContradictions } from '../contradictions.js';
import type { HistoryOrderKind } from '../history/apply-order-events.js';
import { checkedNumber } from '../number-listings.js';
import { withoutPersonalData } from '../personal-data.js';
import type { ValueWarnings } from '../value-warnings.js';
import { applyOrders } from './apply-orders.js';
import type { WindowListing } from './listing.js';

/** A column that a list of orders fills. */
export interface OrderColumn {
  /** As in the resource's fields. */
  field: string;
  name: string;
  type: 'text' | 'timestamptz' | 'integer' | 'action';
}

/** What is special about the orders of a kind: where they are listed, and which columns of which table they fill. */
export interface OrderListingOptions {
  name: string;
  title: string;
  resource: WindowResource;
  kind: HistoryOrderKind;
  table: string;
  columns: readonly OrderColumn[];
  /** The field that names an order's number, in the one list where the orders themselves don't. */
  numberField?: string;
}

/** Columns of the staging table that hold no column of the orders' table. */
export const numbersColumn = 'telephone_numbers';
/** Until when a date may have been, exclusive, where the list tells it to the hour or the second only. */
export const untilColumn = (name: string) => `${name}_until`;

/** A list of orders, as it is staged and brought into its table. */
export function orderListing(options: OrderListingOptions): WindowListing {
  const { name, title, resource, kind, table, columns, numberField } = options;
  const keyIndex = resource.fields.indexOf(resource.key);
  const indexes = columns.map(({ field }) => resource.fields.indexOf(field));
  const numberIndex = numberField === undefined ? -1 : resource.fields.indexOf(numberField);
  return {
    name,
    title,
    entry: 'order',
    resource,
    columns: [
      { name: 'order_id', type: 'text collate "C"' },
      ...columns.flatMap(stagedColumns),
      { name: numbersColumn, type: 'text[]' },
      { name: 'raw', type: 'jsonb' },
    ],
    toRow(item, warnings) {
      const orderId = item.values[keyIndex] ?? '';
      const raw: Record<string, unknown> = {};
      const row: CopyValue[] = [orderId];
      for (const [index, column] of columns.entries()) {
        const text = item.values[indexes[index] as number] ?? '';
        const values = toColumns(text, column);
        if (values === undefined) {
          raw[column.field] = text;
          warnings.note(
            `${column.field} that ${misfit[column.type]} (kept in raw, the column is null)`,
            `"${text}" of ${orderId}`,
          );
        }
        row.push(...(values ?? emptyColumns(column)));
      }
      row.push(numbersLiteral(item, numberField, numberIndex, warnings));
      noteContradictions(item, { resource, key: orderId, numberField }, warnings);
      Object.assign(raw, beyondColumns(item, numberField));
      row.push(Object.keys(raw).length === 0 ? null : JSON.stringify(raw));
      return row;
    },
    apply: (client, context, staging) =>
      applyOrders(client, context, { kind, table, columns, staging, numbered: numberIndex >= 0 }),
  };
}

const misfit = {
  text: '',
  timestamptz: 'fits no date form',
  integer: 'is no number',
  action: 'is neither ASSIGN nor UNASSIGN',
} as const;

function stagedColumns({ name, type }: OrderColumn): { name: string; type: string }[] {
  if (type === 'timestamptz') {
    return [
      { name, type },
      { name: untilColumn(name), type },
    ];
  }
  return [{ name, type: type === 'action' ? 'text' : type }];
}

function emptyColumns({ type }: OrderColumn): CopyValue[] {
  return type === 'timestamptz' ? [null, null] : [null];
}

/** Undefined for a text that the column can't hold. */
function toColumns(text: string, column: OrderColumn): CopyValue[] | undefined {
  if (text === '') return emptyColumns(column);
  switch (column.type) {
    case 'timestamptz':
      return toDates(text);
    case 'integer':
      return /^\d{1,9}$/.test(text) ? [text] : undefined;
    case 'action': {
      const action = /^(ASSIGN|UNASSIGN)(?:ED)?$/i.exec(text)?.[1];
      return action === undefined ? undefined : [action.toUpperCase()];
    }
    default:
      return [text];
  }
}

/** The date, and until when it may have been where the text is less exact than milliseconds. */
function toDates(text: string): CopyValue[] | undefined {
  const date = parseApiDate(text);
  if (date === undefined) return undefined;
  const until = new Date(date.getTime() + precisionOf(text));
  return [date.toISOString(), until > date ? until.toISOString() : null];
}

function precisionOf(text: string): number {
  if (/^\S{10}$/.test(text)) return 86_400_000;
  if (/^\S{10}T\d\d$/.test(text)) return 3_600_000;
  return text.includes('.') ? 0 : 1000;
}

/** The order's numbers as an array literal; null where the list names none. */
function numbersLiteral(
  { values, extra }: Item,
  numberField: string | undefined,
  index: number,
  warnings: ValueWarnings,
): string | null {
  if (numberField === undefined) return null;
  const repeated = extra?.[numberField];
  const named = [values[index] ?? '', ...(Array.isArray(repeated) ? repeated : [])].filter(isText);
  if (named.length === 0) return null;
  return `{${named.map((number) => quoted(checkedNumber(number, warnings))).join(',')}}`;
}

function isText(value: XmlValue): value is string {
  return typeof value === 'string' && value !== '';
}

/** As PostgreSQL reads an element of an array. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function beyondColumns({ extra }: Item, numberField: string | undefined): Record<string, XmlValue> {
  if (extra === undefined) return {};
  const rest = { ...withoutPersonalData(extra) };
  if (numberField !== undefined) delete rest[numberField];
  // The account is that of the row.
  delete rest.accountId;
  delete rest.AccountId;
  return rest;
}
