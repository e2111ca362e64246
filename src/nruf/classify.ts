import { basename } from 'node:path';
import type pg from 'pg';
import { removeCsvFile, writeCsvFile } from '../assignment/csv-file.js';
import { type NumberFile, openNumberFile } from '../assignment/read-numbers.js';
import type { Database } from '../database/connect.js';
import { type CopyValue, copyRows } from '../database/copy.js';
import { LedgerError, UsageError } from '../errors.js';
import { addDays, type Day, daysBetween } from '../sync/days.js';
import { inTransaction } from '../sync/transaction.js';
import { longestAgingDays, longestReservedDays, longestResidentialAgingDays, shortestAgingDays } from './limits.js';

export const categories = ['administrative', 'intermediate', 'reserved', 'aging'] as const;
export type Category = (typeof categories)[number];

/** What a file's numbers are declared to be. */
export interface Declaration {
  category: Category;
  from: Day;
  /** The last day; undefined: until further notice. */
  to: Day | undefined;
  note: string | undefined;
  /** Longer than the rule allows, on purpose. */
  override: boolean;
  /** Aging numbers of residential customers, which may age for a shorter time. */
  residential: boolean;
}

export interface ClassifyOptions {
  account: string;
  /** The column of numbers, where the user named it. */
  column?: string | undefined;
  /** Declare the others even if more than a tenth of the lines was rejected. */
  allowRejects: boolean;
  dryRun: boolean;
  /** Where the rejected lines go. */
  rejectedPath: string;
  signal: AbortSignal;
}

export interface Classified {
  total: number;
  declared: number;
  /** Lines that said what was declared already. */
  unchanged: number;
  /** Earlier declarations that were shortened or replaced. */
  replaced: number;
  /** Numbers that age for fewer days than the rule asks, with the declarations that theirs joins. */
  tooShort: number;
  rejected: number;
  reasons: { reason: string; count: number }[];
  /** The file of the rejected lines; undefined where there are none. */
  rejectedPath: string | undefined;
}

interface Limit {
  days: number;
  rule: string;
}

const limits: Partial<Record<Category, Limit>> = {
  reserved: {
    days: longestReservedDays,
    rule: `numbers may be held in reserve for ${longestReservedDays} days at most (47 CFR 52.15(f)(1)(vi))`,
  },
  aging: {
    days: longestAgingDays,
    rule: `numbers may age for ${longestAgingDays} days at most, residential ones for ${longestResidentialAgingDays} (47 CFR 52.15(f)(1)(ii))`,
  },
};

const residentialAging: Limit = {
  days: longestResidentialAgingDays,
  rule: `residential numbers may age for ${longestResidentialAgingDays} days at most (47 CFR 52.15(f)(1)(ii))`,
};

function limitOf({ category, residential }: Declaration): Limit | undefined {
  return residential ? residentialAging : limits[category];
}

/**
 * Refuses a declaration that is longer than the rule allows.
 *
 * @throws {UsageError} it is, and is not meant to be
 */
export function checkLength(declaration: Declaration): void {
  const { category, from, to, override, residential } = declaration;
  if (residential && category !== 'aging') {
    throw new UsageError('--residential is for aging numbers only.', {
      hint: 'Leave it out, or use --category aging.',
    });
  }
  if (to !== undefined && to < from) throw new UsageError(`--to ${to} is before --from ${from}.`);
  const limit = limitOf(declaration);
  if (limit === undefined || override) return;
  const days = to === undefined ? undefined : daysBetween(from, to) + 1;
  if (days !== undefined && days <= limit.days) return;
  const length = days === undefined ? 'has no end' : `lasts ${days} days`;
  throw new UsageError(`The declaration ${length}, and ${limit.rule}. Nothing was declared.`, {
    hint: `Declare it until ${addDays(from, limit.days - 1)} at the latest (--to), or longer all the same with --override: the audit then lists it.`,
  });
}

/** More than this share of lines rejected looks like the wrong file, or the wrong account. */
const mostRejected = 0.1;

/**
 * Declares what the numbers of a file are used for. From its first day on a declaration replaces the earlier ones that it overlaps; what
 * they said is kept.
 *
 * @throws {UsageError} the file can't be read, or is no list of numbers
 * @throws {LedgerError} too many of its lines were rejected: nothing was declared
 */
export async function classifyFile(
  database: Database,
  path: string,
  declaration: Declaration,
  options: ClassifyOptions,
): Promise<Classified> {
  const { signal, column } = options;
  const file = await openNumberFile(path, { column, signal });
  let result: Classified | undefined;
  try {
    await inTransaction(database, { signal }, async (client) => {
      await client.query('select pg_advisory_xact_lock($1, hashtext($2))', [declarationsLock, options.account]);
      const total = await readLines(client, file);
      await judge(client, declaration, options);
      const { rejected, reasons } = await countRejected(client);
      const rejectedPath = (await writeRejected(client, options.rejectedPath)) ? options.rejectedPath : undefined;
      const written = await apply(client, declaration, options.account, basename(path));
      result = { total, rejected, reasons, rejectedPath, ...written };
      if (!options.allowRejects && rejected > total * mostRejected) throw tooMany(result);
      // Nothing of a dry run is kept but the file of the rejected lines.
      if (options.dryRun) throw new Undone();
    });
  } catch (error) {
    if (!(error instanceof Undone)) throw error;
  }
  return result as Classified;
}

class Undone extends Error {}

/** One declaration of an account at a time, or two would find the same earlier ones. Any fixed number serves. */
const declarationsLock = 7_386_007;

function tooMany({ rejected, total, reasons, rejectedPath }: Classified): LedgerError {
  const why = reasons.map(({ reason, count }) => `${count}: ${reason}`).join('; ');
  return new LedgerError(
    `${rejected} of ${total} lines were rejected (${why}), more than a tenth. Nothing was declared.`,
    {
      hint: `${rejectedPath} names them with their reasons. Mend the file, or declare the others all the same with --allow-rejects.`,
    },
  );
}

async function readLines(client: pg.ClientBase, file: NumberFile): Promise<number> {
  await client.query(
    `create temp table category_lines (line integer, given text, number text collate "C", code text, reason text) on commit drop`,
  );
  const target = { table: 'category_lines', columns: ['line', 'given', 'number', 'code', 'reason'] };
  let total = 0;
  for await (const rows of file.rows()) {
    total += await copyRows(
      client,
      target,
      rows.map(({ line, given, number }): CopyValue[] =>
        typeof number === 'string'
          ? [String(line), given, number, undefined, undefined]
          : [String(line), given, undefined, number.code, number.reason],
      ),
    );
  }
  await client.query('analyze category_lines');
  return total;
}

/** Lines are judged by each other first, then by the ledger, in the words of assignment files. */
async function judge(client: pg.ClientBase, declaration: Declaration, { account }: ClassifyOptions): Promise<void> {
  const { category, override } = declaration;
  const { begin, end } = moments(declaration);
  await client.query(
    `update category_lines l
        set code = 'duplicate', reason = 'the same number as on line ' || f.first_line
       from (select number, min(line) as first_line from category_lines where number is not null group by 1 having count(*) > 1) f
      where f.number = l.number and l.line <> f.first_line`,
  );
  await client.query(
    `update category_lines l
        set code = case when h.known then 'disconnected' else '5076' end,
            reason = case when h.known then 'not in service at any time of the declaration' else 'not in the account''s inventory' end
       from (
         select c.line,
           exists (select from telephone_numbers t where t.account_id = $1 and t.telephone_number = c.number)
             or exists (select from number_status_history s where s.account_id = $1 and s.telephone_number = c.number) as known,
           exists (
             select from number_status_history s
             where s.account_id = $1 and s.telephone_number = c.number and nruf_in_inventory(s.status)
               and s.valid_from < coalesce($3::timestamptz, 'infinity') and (s.valid_to is null or s.valid_to > $2::timestamptz)) as served
         from category_lines c where c.code is null
       ) as h
      where h.line = l.line and not h.served`,
    [account, begin, end],
  );
  const limit = limitOf(declaration);
  if (limit === undefined || override) return;
  await client.query(
    `with recursive ${unbroken}
     update category_lines l
        set code = 'too-long',
            reason = 'with the declarations that it joins it would be ' || $3 || ' for more than $5 days, since ' || nruf_day(r.begins)
       from run r
      where r.number = l.number and l.code is null and r.ends > r.begins + make_interval(days => $5)`.replaceAll(
      '$5',
      String(limit.days),
    ),
    [account, begin, category, end],
  );
}

// The days in a row that a number would have the category, with the declarations that meet the new one: $1 account, $2 begin,
// $3 category, $4 end (null: open).
const unbroken = `
  earlier as (
    select number, $2::timestamptz as begins from category_lines where code is null
    union
    select e.number, k.valid_from from earlier e
    join number_categories k on k.account_id = $1 and k.telephone_number = e.number and k.category = $3
      and k.valid_from < e.begins and (k.valid_to is null or k.valid_to >= e.begins)
  ),
  later as (
    select number, coalesce($4::timestamptz, 'infinity') as ends from category_lines where code is null
    union
    select e.number, coalesce(k.valid_to, 'infinity') from later e
    join number_categories k on k.account_id = $1 and k.telephone_number = e.number and k.category = $3 and k.valid_from = e.ends
  ),
  run as (
    select number, min(begins) as begins, max(ends) as ends from earlier join later using (number) group by 1
  )`;

async function countRejected(client: pg.ClientBase): Promise<Pick<Classified, 'rejected' | 'reasons'>> {
  const { rows } = await client.query(
    `select count(*)::int as count, code, min(reason) as reason from category_lines where code is not null group by code order by 1 desc, 2`,
  );
  return {
    rejected: rows.reduce((sum, { count }) => sum + count, 0),
    reasons: rows.map(({ code, reason, count }) => ({ reason: summaries[code] ?? reason, count })),
  };
}

/** Reasons that differ from line to line, for a summary. */
const summaries: Readonly<Record<string, string>> = {
  duplicate: 'the same number as on an earlier line',
  'no-number': 'no number',
  'not-a-number': 'not a telephone number',
  'lost-digits': 'a number that lost its last digits',
  'not-nanp': 'not a number of the North American Numbering Plan',
  'too-long': 'longer than the rule allows, with the declarations that it joins',
};

const linesAtOnce = 5000;

/** True where there were any; what an earlier file of that name left is not this one's. */
async function writeRejected(client: pg.ClientBase, path: string): Promise<boolean> {
  const header = ['line_number', 'number_as_given', 'telephone_number', 'error_code', 'error_description'];
  const hint = 'Nothing was declared. Try again when the folder can be written to (--out names another).';
  const isAny = await writeCsvFile(path, header, readRejected(client), { evenEmpty: false, hint });
  if (!isAny) await removeCsvFile(path);
  return isAny;
}

async function* readRejected(client: pg.ClientBase): AsyncGenerator<(string | null)[][]> {
  let last = 0;
  for (;;) {
    const { rows } = await client.query({
      text: `select line::text, given, number, code, reason from category_lines
              where code is not null and line > $1 order by line limit ${linesAtOnce}`,
      values: [last],
      rowMode: 'array',
    });
    if (rows.length > 0) yield rows;
    if (rows.length < linesAtOnce) return;
    last = Number(rows.at(-1)?.[0]);
  }
}

/** Begin of the first day, and of the day after the last one. */
function moments({ from, to }: Declaration): { begin: string; end: string | null } {
  return { begin: `${from}T00:00:00Z`, end: to === undefined ? null : `${addDays(to, 1)}T00:00:00Z` };
}

async function apply(
  client: pg.ClientBase,
  declaration: Declaration,
  account: string,
  fileName: string,
): Promise<Pick<Classified, 'declared' | 'unchanged' | 'replaced' | 'tooShort'>> {
  const { category, note, residential } = declaration;
  const { begin, end } = moments(declaration);
  const write = async (sql: string, values: unknown[]) => (await client.query(sql, values)).rowCount ?? 0;
  const unchanged = await write(
    `update category_lines l set code = 'unchanged' from number_categories k
      where l.code is null and k.account_id = $1 and k.telephone_number = l.number and k.category = $2
        and k.valid_from = $3 and k.valid_to is not distinct from $4::timestamptz and k.note is not distinct from $5
        and k.residential = $6`,
    [account, category, begin, end, note ?? null, residential],
  );
  const overlapping = `k.account_id = $1 and k.telephone_number = l.number and l.code is null
    and (k.valid_to is null or k.valid_to > $2) and k.valid_from < coalesce($3::timestamptz, 'infinity')`;
  const replaced = await write(
    `insert into number_categories_superseded
       (account_id, telephone_number, category, valid_from, valid_to, note, overridden, residential, file_name, believed_from, believed_to)
     select k.account_id, k.telephone_number, k.category, k.valid_from, k.valid_to, k.note, k.overridden, k.residential, k.file_name, k.believed_since, now()
       from number_categories k join category_lines l on ${overlapping}`,
    [account, begin, end],
  );
  await write(`delete from number_categories k using category_lines l where ${overlapping} and k.valid_from >= $2`, [
    account,
    begin,
    end,
  ]);
  await write(
    `update number_categories k set valid_to = $2, believed_since = now() from category_lines l where ${overlapping}`,
    [account, begin, end],
  );
  const limit = limitOf(declaration);
  const declared = await write(
    `with recursive ${unbroken}
     insert into number_categories
       (account_id, telephone_number, category, valid_from, valid_to, note, overridden, residential, file_name)
     select $1, l.number, $3, $2, $4, $5, coalesce(r.ends > r.begins + make_interval(days => $6), false), $8, $7
       from category_lines l join run r on r.number = l.number where l.code is null order by l.number`,
    [account, begin, category, end, note ?? null, limit?.days ?? null, fileName, residential],
  );
  if (declared > 10_000) await client.query('analyze number_categories');
  const tooShort = category === 'aging' ? await countTooShort(client, [account, begin, category, end]) : 0;
  return { declared, unchanged, replaced, tooShort };
}

async function countTooShort(client: pg.ClientBase, values: readonly unknown[]): Promise<number> {
  const { rows } = await client.query(
    `with recursive ${unbroken}
     select count(*)::int as count from run where ends < begins + interval '${shortestAgingDays} days'`,
    [...values],
  );
  return rows[0].count;
}
