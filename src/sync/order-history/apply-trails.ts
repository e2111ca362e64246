import type pg from 'pg';
import { toTimestamp } from '../../dashboard/dates.js';
import type { TrailEntry } from '../../dashboard/order-trails.js';
import type { XmlElement } from '../../dashboard/xml.js';
import { type CopyValue, copyRows } from '../../database/copy.js';
import { inTransaction } from '../../database/transaction.js';
import type { JobContext } from '../../run/job.js';
import { withoutPersonalData } from '../personal-data.js';
import type { ValueWarnings } from '../value-warnings.js';
import type { DueOrder } from './due.js';
import { textsOf } from './texts.js';
import type { Part } from './trails.js';

/** The history or the notes of an order as the API returned them. */
export interface TrailReading {
  order: DueOrder;
  result: 'listed' | 'none' | 'unsupported';
  entries: readonly TrailEntry[];
}

/** What is applied to the tables. */
export interface TrailBatch {
  read: readonly TrailReading[];
  failed: readonly { order: DueOrder; reason: string }[];
}

interface Outcome {
  written: number;
  /** Rows that Bandwidth no longer lists. */
  missing: number;
}

/** The table of a part, for the statement that applies it. */
interface TrailTable {
  name: string;
  number: string;
  /** Columns that an entry keeps for good: two entries with the same are counted, so that equal ones are all kept. */
  identity: readonly string[];
  columns: Readonly<Record<string, string>>;
}

const tables: Readonly<Record<Part, TrailTable>> = {
  history: {
    name: 'order_history',
    number: 'event_number',
    identity: ['occurred_at', 'status', 'author'],
    columns: {
      ...{ occurred_at: 'timestamptz', status: 'text', author: 'text', note: 'text', note_code: 'text' },
      ...{ changed_fields: 'text[]', difference: 'text', free_text: 'text', raw: 'jsonb' },
    },
  },
  notes: {
    name: 'order_notes',
    number: 'note_number',
    identity: ['note_id'],
    columns: {
      note_id: 'text collate "C"',
      user_id: 'text',
      description: 'text',
      last_modified_date: 'timestamptz',
      raw: 'jsonb',
    },
  },
};

/**
 * Applies histories and notes, each order's as a whole, in one transaction. An entry that the API no longer lists beside others is
 * kept and marked: that it is missing doesn't prove that it didn't happen.
 *
 * @param warnings collects values that don't fit their columns
 */
export async function applyTrails(
  context: JobContext,
  batch: TrailBatch,
  { now, warnings }: { now: Date; warnings: ValueWarnings },
): Promise<Outcome> {
  const { account, database, keepNotes, signal } = context;
  const rows = (part: Part) =>
    batch.read
      .filter(({ order }) => order.trail.part === part)
      .flatMap(({ order, entries }) =>
        entries.map((entry, index) => [
          order.trail.orders.table,
          order.orderId,
          String(index + 1),
          ...(part === 'history' ? eventRow(entry, order, keepNotes, warnings) : noteRow(entry, order, warnings)),
        ]),
      );
  const staged = { history: rows('history'), notes: rows('notes') };
  return inTransaction(database, { signal, repeatable: true }, async (client) => {
    const history = await applyPart(client, account, tables.history, staged.history);
    const notes = await applyPart(client, account, tables.notes, staged.notes);
    await recordReads(client, account, batch, now);
    return { written: history.written + notes.written, missing: history.missing + notes.missing };
  });
}

function eventRow(
  { texts, rest }: TrailEntry,
  order: DueOrder,
  keepNotes: boolean,
  warnings: ValueWarnings,
): CopyValue[] {
  const { OrderDate = [], Note = [], Author = [], Status = [], Difference = [] } = texts;
  const { note, noteCode, changedFields, difference, freeText } = textsOf(Note, Difference, keepNotes);
  const misfits: Record<string, string[]> = {};
  const values = {
    date: dateOf('OrderDate', OrderDate, { order, misfits, warnings }),
    status: one('Status', Status, { order, misfits, warnings }),
    author: one('Author', Author, { order, misfits, warnings }),
  };
  return [
    ...[values.date, values.status, values.author, note, noteCode],
    changedFields.length === 0 ? null : `{${changedFields.join(',')}}`,
    ...[difference, freeText, rawOf(rest, misfits, order, warnings)],
  ];
}

function noteRow({ texts, rest }: TrailEntry, order: DueOrder, warnings: ValueWarnings): CopyValue[] {
  const { Id = [], UserId = [], Description = [], LastDateModifier = [] } = texts;
  const misfits: Record<string, string[]> = {};
  if (Id.length === 0) warnings.note('note without an Id (kept)', order.orderId);
  return [
    one('Id', Id, { order, misfits, warnings }),
    one('UserId', UserId, { order, misfits, warnings }),
    Description.length === 0 ? null : Description.join('\n'),
    dateOf('LastDateModifier', LastDateModifier, { order, misfits, warnings }),
    rawOf(rest, misfits, order, warnings),
  ];
}

interface Values {
  order: DueOrder;
  /** Collects texts for `raw`. */
  misfits: Record<string, string[]>;
  warnings: ValueWarnings;
}

/** The only text of a field; several different ones go to `raw`. */
function one(name: string, texts: readonly string[], { order, misfits, warnings }: Values): string | null {
  if (texts.length <= 1) return texts[0] ?? null;
  misfits[name] = [...texts];
  warnings.note(`${name} that is repeated with different values (kept in raw; the column is null)`, order.orderId);
  return null;
}

function dateOf(name: string, texts: readonly string[], values: Values): string | null {
  const text = one(name, texts, values);
  const date = text === null ? null : toTimestamp(text);
  if (date !== undefined) return date;
  values.misfits[name] = [...texts];
  values.warnings.note(
    `${name} that is not in a known date format (kept in raw; the column is null)`,
    values.order.orderId,
  );
  return null;
}

/** What an entry has besides its columns. Names of elements that may hold personal data are reported, their content isn't stored. */
function rawOf(
  rest: XmlElement,
  misfits: Record<string, string[]>,
  order: DueOrder,
  warnings: ValueWarnings,
): string | null {
  const kept = { ...withoutPersonalData(rest, ''), ...misfits };
  for (const name of Object.keys(rest)) {
    if (!Object.hasOwn(kept, name))
      warnings.note(`element ${name} that is not known and was not stored`, order.orderId);
  }
  return Object.keys(kept).length === 0 ? null : JSON.stringify(kept);
}

async function applyPart(
  client: pg.ClientBase,
  account: string,
  table: TrailTable,
  rows: readonly CopyValue[][],
): Promise<Outcome> {
  if (rows.length === 0) return { written: 0, missing: 0 };
  const columns = Object.keys(table.columns);
  const staging = `staged_${table.name}`;
  await client.query(
    `create temporary table ${staging} (order_kind text collate "C", order_id text collate "C", position integer,
       ${Object.entries(table.columns)
         .map(([name, type]) => `${name} ${type}`)
         .join(', ')}) on commit drop`,
  );
  await copyRows(client, { table: staging, columns: ['order_kind', 'order_id', 'position', ...columns] }, rows);
  await client.query(`analyze ${staging}`);
  const { rows: counts } = await client.query<Outcome>(mergeSql(table, staging, columns), [account]);
  return counts[0] as Outcome;
}

/** Entries are matched by their identity, and those with the same identity by their order. */
function mergeSql({ name, number, identity }: TrailTable, staging: string, columns: readonly string[]): string {
  const same = identity.map((column) => `s.${column} is not distinct from l.${column}`).join(' and ');
  const nth = (source: string, place: string) =>
    `row_number() over (partition by ${['order_kind', 'order_id', ...identity].map((column) => `${source}.${column}`).join(', ')} order by ${place})`;
  const list = (source: string) => columns.map((column) => `${source}.${column}`).join(', ');
  return `
    with listed as (
      select l.*, ${nth('l', 'l.position')} as nth from ${staging} l
    ),
    stored as (
      select h.order_kind, h.order_id, h.${number} as number, ${identity.map((column) => `h.${column}`).join(', ')}, ${nth('h', `h.${number}`)} as nth
        from ${name} h join (select distinct order_kind, order_id from ${staging}) as o using (order_kind, order_id)
       where h.account_id = $1
    ),
    matched as (
      select l.*, s.number from listed l
        left join stored s on s.order_kind = l.order_kind and s.order_id = l.order_id and s.nth = l.nth and ${same}
    ),
    missing as (
      update ${name} h set missing_since = now() from stored s
       where h.account_id = $1 and h.order_kind = s.order_kind and h.order_id = s.order_id and h.${number} = s.number
         and h.missing_since is null
         and not exists (select from matched m where m.order_kind = s.order_kind and m.order_id = s.order_id and m.number = s.number)
      returning 1
    ),
    changed as (
      update ${name} h set (${columns.join(', ')}, missing_since) = (${list('m')}, null::timestamptz) from matched m
       where h.account_id = $1 and h.order_kind = m.order_kind and h.order_id = m.order_id and h.${number} = m.number
         and (h.missing_since is not null or (${list('h')}) is distinct from (${list('m')}))
      returning 1
    ),
    added as (
      insert into ${name} (account_id, order_kind, order_id, ${number}, ${columns.join(', ')})
      select $1, m.order_kind, m.order_id,
             coalesce((select max(s.number) from stored s where s.order_kind = m.order_kind and s.order_id = m.order_id), 0)
               + row_number() over (partition by m.order_kind, m.order_id order by m.position),
             ${list('m')}
        from matched m where m.number is null
      returning 1
    )
    select ((select count(*) from missing) + (select count(*) from changed) + (select count(*) from added))::integer as written,
           (select count(*) from missing)::integer as missing`;
}

/** Records what was read, and of which state of the order. A failed attempt leaves what the last successful one recorded. */
async function recordReads(
  client: pg.ClientBase,
  account: string,
  { read, failed }: TrailBatch,
  now: Date,
): Promise<void> {
  const of = (order: DueOrder) => [
    ...[order.trail.orders.table, order.orderId, order.trail.part],
    ...[order.status, order.lastModified, order.isFinal],
  ];
  const rows = [
    ...read.map(({ order, result }) => [...of(order), result, null]),
    ...failed.map(({ order, reason }) => [...of(order), null, reason]),
  ];
  await client.query(
    `insert into order_history_reads as r
       (account_id, order_kind, order_id, part, tried_at, read_at, result, status, last_modified_date, is_final, error)
     select $1, e->>0, e->>1, e->>2, $2, case when e->>7 is null then $2::timestamptz end, e->>6,
            case when e->>7 is null then e->>3 end, case when e->>7 is null then (e->>4)::timestamptz end,
            e->>7 is null and (e->>5)::boolean, e->>7
       from jsonb_array_elements($3) as e
      order by 2, 3, 4
     on conflict (account_id, order_kind, order_id, part) do update
        set tried_at = excluded.tried_at, error = excluded.error, read_at = coalesce(excluded.read_at, r.read_at),
            result = coalesce(excluded.result, r.result),
            status = case when excluded.error is null then excluded.status else r.status end,
            last_modified_date = case when excluded.error is null then excluded.last_modified_date else r.last_modified_date end,
            is_final = excluded.is_final`,
    [account, now, JSON.stringify(rows)],
  );
}
