import { parseApiDate } from '../../dashboard/dates.js';
import { parseCount } from '../../dashboard/items.js';
import type { Item } from '../../dashboard/pager.js';
import type { OrderColumn, OrderDescription, WindowResource } from '../../dashboard/resource.js';
import type { XmlValue } from '../../dashboard/xml.js';
import type { CopyValue } from '../../database/copy.js';
import { applyWholeOrders, wholeColumn, wholeOrderJson } from '../apply-order-details.js';
import { noteContradictions } from '../contradictions.js';
import { type ListedOrders, maxListedAnswers, noListedOrders } from '../listed-orders.js';
import { checkedNumber } from '../number-listings.js';
import { toDetailRows } from '../order-detail-row.js';
import { withoutPersonalData } from '../personal-data.js';
import { readWholeOrder, type WholeOrder } from '../read-order.js';
import type { ValueWarnings } from '../value-warnings.js';
import { applyOrders, numbersColumn, type OrderTarget, type StrayTarget, untilColumn } from './apply-orders.js';
import type { WindowListing } from './listing.js';

/**
 * The lists of one kind of order: how each is staged and applied.
 *
 * @param listed receives what the lists return of whole orders
 */
export function orderListings(orders: OrderDescription, listed = noListedOrders()): WindowListing[] {
  const { name, titles, list, moreLists } = orders;
  return [{ name, title: titles.many, list }, ...moreLists].map((each) => orderListing(orders, each, listed));
}

function orderListing(
  own: OrderDescription,
  { name, title, list: resource }: { name: string; title: string; list: WindowResource },
  listed: ListedOrders,
): WindowListing {
  const { details } = own;
  const needsNumbers = details.numbers?.ownRoot !== undefined;
  const givesWhole = resource.wholeItem !== undefined && !needsNumbers;
  const strays: StrayTarget | undefined = own.strays && { ...own.strays.orders, ...own.strays };
  const indexOf = (field: string) => resource.fields.indexOf(field);
  const [keyIndex, typeIndex] = [indexOf(resource.key), indexOf('OrderType')];
  const countIndex = indexOf(own.columns.find(({ name }) => name === details.numbers?.listedCount)?.field ?? '');
  const isStray = new RegExp(strays?.orderType ?? '$.', 'i');
  const columns = [...new Map([...own.columns, ...(strays?.columns ?? [])].map((each) => [each.name, each])).values()];
  const layouts = { own: layoutOf(own), strays: strays && layoutOf(strays) };
  return {
    name,
    title,
    entry: 'an order id',
    resource,
    columns: [
      { name: 'order_id', type: 'text collate "C"' },
      ...columns.flatMap(stagedColumns),
      { name: numbersColumn, type: 'text[]' },
      { name: 'raw', type: 'jsonb' },
      ...(givesWhole ? [{ name: wholeColumn, type: 'jsonb' }] : []),
    ],
    toRow(item, warnings) {
      const layout = (isStray.test(item.values[typeIndex] ?? '') && layouts.strays) || layouts.own;
      const orderId = item.values[keyIndex] ?? '';
      const raw: Record<string, unknown> = {};
      const row: CopyValue[] = [orderId];
      const whole = wholeOrder(item, orderId);
      const count = whole && { [details.numbers?.listedCount ?? '']: String(whole.reported.numbers.length) };
      for (const [n, column] of columns.entries()) {
        const text = item.values[layout.indexes[n] as number] ?? count?.[column.name] ?? '';
        const values = toColumns(text, column);
        if (values === undefined) {
          raw[column.field] = text;
          warnings.note(
            `${column.field} that is ${misfit[column.type]} (kept in raw; the column is null)`,
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
      if (whole === undefined) {
        noteContradictions(item, { resource, key: orderId, numberField }, warnings);
        Object.assign(raw, beyondColumns(item, numberField, details.harmless));
      }
      row.push(Object.keys(raw).length === 0 ? null : JSON.stringify(raw));
      if (givesWhole) row.push(whole === undefined ? null : wholeOrderJson(details, rowsOf(whole, orderId, warnings)));
      return row;
    },
    async apply(client, context, staging) {
      const rows = await applyOrders(client, context, { staging, own, strays });
      if (!givesWhole) return rows;
      const whole = await applyWholeOrders(client, details, { account: context.account, staging });
      for (const orderId of whole.open) listed.current.add(orderId);
      return rows + whole.written;
    },
  };

  /** The entry as a whole order. If its numbers are elsewhere, it is only remembered. */
  function wholeOrder(item: Item, orderId: string): WholeOrder | undefined {
    const { whole: element } = item;
    if (element === undefined) return undefined;
    const { wholeWithin } = resource;
    const whole = readWholeOrder(wholeWithin ? { [wholeWithin]: element } : element, details, {
      orderId,
      listedCount: parseCount(item.values[countIndex]),
    });
    if (whole === undefined || !needsNumbers) return whole;
    if (listed.answers.size < maxListedAnswers) listed.answers.set(orderId, whole.answer);
    return undefined;
  }

  function rowsOf({ answer, reported }: WholeOrder, orderId: string, warnings: ValueWarnings) {
    return toDetailRows(details, orderId, answer, reported, warnings);
  }

  /** The index in an item of each staged column, -1 for columns of the other target only. */
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
  timestamptz: 'not in a known date format',
  integer: 'not a number',
  boolean: 'neither true nor false',
  action: 'neither ASSIGN nor UNASSIGN',
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

/** Returns undefined for a text that doesn't fit the column. */
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

/** Returns the date, and the exclusive end of its range if the text is less precise than milliseconds. */
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

/** The order's numbers as an array literal; null if the list gives none. */
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

/** Quotes an element of a PostgreSQL array literal. */
function quoted(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`;
}

function beyondColumns({ extra }: Item, numberField: string | undefined, harmless: string): Record<string, XmlValue> {
  if (extra === undefined) return {};
  const rest = { ...withoutPersonalData(extra, harmless) };
  if (numberField !== undefined) delete rest[numberField];
  // The row has its own account column.
  delete rest.accountId;
  delete rest.AccountId;
  return rest;
}
