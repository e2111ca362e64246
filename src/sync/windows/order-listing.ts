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
  type: 'text' | 'timestamptz' | 'integer' | 'boolean' | 'action';
}

/** Where orders of a list go: a kind's table, and which of its columns the list fills. */
export interface OrderTarget {
  kind: HistoryOrderKind;
  table: string;
  columns: readonly OrderColumn[];
  /** The field that names an order's number, where the orders themselves don't. */
  numberField?: string;
  /** Fields of the list that the table has no column for, kept in `raw`. */
  kept?: readonly string[];
}

/** What is special about the orders of a kind: where they are listed, and which columns of which table they fill. */
export interface OrderListingOptions extends OrderTarget {
  name: string;
  title: string;
  resource: WindowResource;
  /** Orders of another kind that the list names among its own: those whose type matches, whatever its case. */
  strays?: OrderTarget & { orderType: string };
}

/** Columns of the staging table that hold no column of the orders' table. */
export const numbersColumn = 'telephone_numbers';
/** Until when a date may have been, exclusive, where the list tells it to the hour or the second only. */
export const untilColumn = (name: string) => `${name}_until`;

/** A list of orders, as it is staged and brought into its table. */
export function orderListing({ name, title, resource, strays, ...own }: OrderListingOptions): WindowListing {
  const indexOf = (field: string) => resource.fields.indexOf(field);
  const [keyIndex, typeIndex] = [indexOf(resource.key), indexOf('OrderType')];
  const isStray = new RegExp(strays?.orderType ?? '$.', 'i');
  const columns = [...new Map([...own.columns, ...(strays?.columns ?? [])].map((each) => [each.name, each])).values()];
  const layouts = { own: layoutOf(own), strays: strays && layoutOf(strays) };
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
      const layout = (isStray.test(item.values[typeIndex] ?? '') && layouts.strays) || layouts.own;
      const orderId = item.values[keyIndex] ?? '';
      const raw: Record<string, unknown> = {};
      const row: CopyValue[] = [orderId];
      for (const [n, column] of columns.entries()) {
        const text = item.values[layout.indexes[n] as number] ?? '';
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
      for (const [field, index] of layout.kept) {
        if (item.values[index]) raw[field] = item.values[index];
      }
      const { numberField } = layout;
      row.push(numbersLiteral(item, numberField, layout.numberIndex, warnings));
      noteContradictions(item, { resource, key: orderId, numberField }, warnings);
      Object.assign(raw, beyondColumns(item, numberField));
      row.push(Object.keys(raw).length === 0 ? null : JSON.stringify(raw));
      return row;
    },
    apply: (client, context, staging) => applyOrders(client, context, { staging, own, strays }),
  };

  /** Where in an item the staged columns are, -1 for those of the other target. */
  function layoutOf({ columns: wanted, kept = [], numberField }: OrderTarget) {
    const fields = new Map(wanted.map(({ name: column, field }) => [column, field]));
    return {
      indexes: columns.map((column) => indexOf(fields.get(column.name) ?? '')),
      kept: kept.map((field) => [field, indexOf(field)] as const),
      numberField,
      numberIndex: indexOf(numberField ?? ''),
    };
  }
}

const misfit = {
  text: '',
  timestamptz: 'fits no date form',
  integer: 'is no number',
  boolean: 'is neither true nor false',
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
    case 'boolean':
      return /^(?:true|false)$/i.test(text) ? [text.toLowerCase()] : undefined;
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
