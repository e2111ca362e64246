import { basename } from 'node:path';
import type pg from 'pg';
import { removeCsvFile, writeCsvFile } from '../csv-file.js';
import type { Database } from '../database/connect.js';
import { type CopyValue, copyRows } from '../database/copy.js';
import { analyzeAfter } from '../database/statistics.js';
import { inTransaction } from '../database/transaction.js';
import { addDays, type Day, daysBetween } from '../days.js';
import { LedgerError, UsageError } from '../errors.js';
import { type NumberFile, openNumberFile } from '../number-file/number-file.js';
import type { Reading } from '../number-file/reading.js';
import { longestAgingDays, longestReservedDays, longestResidentialAgingDays, shortestAgingDays } from './limits.js';

export const categories = ['administrative', 'intermediate', 'reserved', 'aging'] as const;
export type Category = (typeof categories)[number];

/** The classification of the numbers in a file. */
export interface Classification {
  category: Category;
  from: Day;
  /** The last day, inclusive; undefined: open-ended. */
  to: Day | undefined;
  note: string | undefined;
  /** Accept a classification longer than the rule allows. */
  override: boolean;
  /** The aging numbers belonged to residential customers, which shortens the maximum. */
  residential: boolean;
}

export interface ClassifyOptions {
  account: string;
  /** The column of numbers, if the user named one. */
  column?: string | undefined;
  /** The sheet of a workbook, if the user named one. */
  sheet?: string | undefined;
  /** Classify the other numbers even if more than a tenth of the lines is rejected. */
  allowRejects: boolean;
  dryRun: boolean;
  /** The file to write rejected lines to. */
  rejectedPath: string;
  /** Called in the transaction that classifies the numbers, before it is committed. */
  onClassified?: (client: pg.ClientBase) => Promise<void>;
  signal: AbortSignal;
}

export interface Classified {
  total: number;
  /** How the file was read. */
  reading: Reading;
  declared: number;
  /** Lines whose classification exists already. */
  unchanged: number;
  /** Earlier classifications that were shortened or replaced. */
  replaced: number;
  /** Numbers that age for fewer days than the rule requires, including adjoining classifications. */
  tooShort: number;
  rejected: number;
  reasons: { reason: string; count: number }[];
  /** The file of rejected lines; undefined if there are none. */
  rejectedPath: string | undefined;
}

interface Limit {
  days: number;
  rule: string;
}

const limits: Partial<Record<Category, Limit>> = {
  reserved: {
    days: longestReservedDays,
    rule: `numbers may be reserved for at most ${longestReservedDays} days (47 CFR 52.15(f)(1)(vi))`,
  },
  aging: {
    days: longestAgingDays,
    rule: `numbers may age for at most ${longestAgingDays} days, residential numbers for ${longestResidentialAgingDays} (47 CFR 52.15(f)(1)(ii))`,
  },
};

const residentialAging: Limit = {
  days: longestResidentialAgingDays,
  rule: `residential numbers may age for at most ${longestResidentialAgingDays} days (47 CFR 52.15(f)(1)(ii))`,
};

function limitOf({ category, residential }: Classification): Limit | undefined {
  return residential ? residentialAging : limits[category];
}

/**
 * Checks the days of a classification against the rule for its category.
 *
 * @throws {UsageError} it is longer than the rule allows without `override`, it ends before it begins, or only aging numbers may be residential
 */
export function checkLength(classification: Classification): void {
  const { category, from, to, override, residential } = classification;
  if (residential && category !== 'aging') {
    throw new UsageError('--residential applies to aging numbers only.', {
      hint: 'Remove it, or use --category aging.',
    });
  }
  if (to !== undefined && to < from) throw new UsageError(`--to ${to} is before --from ${from}.`);
  const limit = limitOf(classification);
  if (limit === undefined || override) return;
  const days = to === undefined ? undefined : daysBetween(from, to) + 1;
  if (days !== undefined && days <= limit.days) return;
  const length = days === undefined ? 'has no end' : `lasts ${days} days`;
  throw new UsageError(`The classification ${length}, and ${limit.rule}. Nothing was classified.`, {
    hint: `End it on ${addDays(from, limit.days - 1)} or earlier (--to). To exceed the limit anyway, use --override; the audit then lists the numbers.`,
  });
}

/** A larger share of rejected lines suggests the wrong file or the wrong account. */
const maxRejectedShare = 0.1;

/**
 * Classifies the numbers in a file. From its first day on, a classification replaces the earlier ones that it overlaps; the replaced
 * ones are kept in `number_categories_superseded`.
 *
 * @throws {UsageError} the file can't be read, or isn't a list of numbers
 * @throws {TooManyLinesRejectedError} too many lines were rejected, and nothing was classified
 */
export async function classifyFile(
  database: Database,
  path: string,
  classification: Classification,
  options: ClassifyOptions,
): Promise<Classified> {
  const { signal, column, sheet } = options;
  const file = await openNumberFile(path, { column, sheet, signal });
  let result: Classified | undefined;
  try {
    await inTransaction(database, { signal }, async (client) => {
      await client.query('select pg_advisory_xact_lock($1, hashtext($2))', [classificationLock, options.account]);
      // Not now(): it is the start of the transaction, and another command may have recorded rows while this one waited for the lock.
      const clock = await client.query<{ now: string }>('select clock_timestamp()::text as now');
      const recordedAt = clock.rows[0]?.now as string;
      const total = await readLines(client, file);
      await rejectLines(client, classification, options);
      const { rejected, reasons } = await countRejected(client);
      const rejectedPath = (await writeRejected(client, options.rejectedPath)) ? options.rejectedPath : undefined;
      const written = await apply(client, classification, {
        account: options.account,
        fileName: basename(path),
        recordedAt,
      });
      result = { total, reading: file.reading, rejected, reasons, rejectedPath, ...written };
      if (!options.allowRejects && rejected > total * maxRejectedShare) throw tooManyRejected(result);
      // A dry run keeps only the file of rejected lines.
      if (options.dryRun) throw new DryRunRollback();
      await options.onClassified?.(client);
    });
  } catch (error) {
    if (!(error instanceof DryRunRollback)) throw error;
  }
  return result as Classified;
}

class DryRunRollback extends Error {}

/** Allows one classification per account at a time: two would both replace the same earlier rows. The number is arbitrary but fixed. */
const classificationLock = 7_386_007;

/** Too many lines of a file were rejected. Nothing was classified. */
export class TooManyLinesRejectedError extends LedgerError {
  override readonly name = 'TooManyLinesRejectedError';
}

function tooManyRejected({ rejected, total, reasons, rejectedPath }: Classified): LedgerError {
  const why = reasons.map(({ reason, count }) => `${count}: ${reason}`).join('; ');
  return new TooManyLinesRejectedError(
    `${rejected} of ${total} lines were rejected (${why}), more than a tenth. Nothing was classified.`,
    {
      hint: `${rejectedPath} lists them with their reasons. Fix the file, or classify the other numbers with --allow-rejects.`,
    },
  );
}

async function readLines(client: pg.ClientBase, file: NumberFile): Promise<number> {
  await client.query(
    `create temp table category_lines (line integer, position integer, given text, number text collate "C", code text, reason text) on commit drop`,
  );
  const target = { table: 'category_lines', columns: ['line', 'position', 'given', 'number', 'code', 'reason'] };
  let total = 0;
  for await (const rows of file.rows()) {
    total += await copyRows(
      client,
      target,
      rows.map(({ line, position, given, number }): CopyValue[] =>
        typeof number === 'string'
          ? [String(line), String(position), given, number, undefined, undefined]
          : [String(line), String(position), given, undefined, number.code, number.reason],
      ),
    );
  }
  await client.query('analyze category_lines');
  return total;
}

/**
 * Checks the lines against each other, then against the ledger, and sets `code` and `reason` on rejected ones. The codes are those of
 * assignment files.
 */
async function rejectLines(
  client: pg.ClientBase,
  classification: Classification,
  { account }: ClassifyOptions,
): Promise<void> {
  const { category, override } = classification;
  const { begin, end } = bounds(classification);
  await client.query(
    `update category_lines l
        set code = 'duplicate', reason = 'the same number as on line ' || f.first_line
       from (select number, min(line) as first_line from category_lines where number is not null group by 1 having count(*) > 1) f
      where f.number = l.number and l.line <> f.first_line`,
  );
  await client.query(
    `update category_lines l
        set code = case when h.known then 'disconnected' else '5076' end,
            reason = case when h.known then 'not in service at any time in the period' else 'not in the account''s inventory' end
       from (
         select c.line, c.position,
           exists (select from telephone_numbers t where t.account_id = $1 and t.telephone_number = c.number)
             or exists (select from number_status_history s where s.account_id = $1 and s.telephone_number = c.number) as known,
           exists (
             select from number_status_history s
             where s.account_id = $1 and s.telephone_number = c.number and nruf_in_inventory(s.status)
               and s.valid_from < coalesce($3::timestamptz, 'infinity') and (s.valid_to is null or s.valid_to > $2::timestamptz)) as served
         from category_lines c where c.code is null
       ) as h
      where h.line = l.line and h.position = l.position and not h.served`,
    [account, begin, end],
  );
  const limit = limitOf(classification);
  if (limit === undefined || override) return;
  await client.query(
    `with recursive ${continuous}
     update category_lines l
        set code = 'too-long',
            reason = 'with adjoining classifications, it would be ' || $3 || ' for more than $5 days, since ' || nruf_day(r.begins)
       from run r
      where r.number = l.number and l.code is null and r.ends > r.begins + make_interval(days => $5)`.replaceAll(
      '$5',
      String(limit.days),
    ),
    [account, begin, category, end],
  );
}

// The continuous period in which a number would have the category: the new classification and the ones that adjoin it.
// $1 account, $2 begin, $3 category, $4 end (null: open).
const continuous = `
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

/** Summary wording for reasons that vary by line. */
const summaries: Readonly<Record<string, string>> = {
  duplicate: 'the same number as on an earlier line',
  'no-number': 'no number',
  'not-a-number': 'not a telephone number',
  'lost-digits': 'number lost its last digits',
  'not-nanp': 'not a number of the North American Numbering Plan',
  extension: 'number with an extension',
  'bad-range': 'not a range of numbers within one exchange',
  'too-long': 'longer than the rule allows, with adjoining classifications',
};

const batchSize = 5000;

/** Writes the rejected lines and returns whether there were any. If not, removes the file that an earlier run left under that name. */
async function writeRejected(client: pg.ClientBase, path: string): Promise<boolean> {
  const header = ['line_number', 'number_as_given', 'telephone_number', 'error_code', 'error_description'];
  const hint = 'Nothing was classified. Make the folder writable, or choose another one with --out.';
  const isAny = await writeCsvFile(path, header, readRejected(client), { evenEmpty: false, hint });
  if (!isAny) await removeCsvFile(path);
  return isAny;
}

async function* readRejected(client: pg.ClientBase): AsyncGenerator<(string | null)[][]> {
  let last = [0, 0];
  for (;;) {
    const { rows } = await client.query({
      text: `select line::text, given, number, code, reason, position from category_lines
              where code is not null and (line, position) > ($1, $2) order by line, position limit ${batchSize}`,
      values: last,
      rowMode: 'array',
    });
    if (rows.length > 0) yield rows.map((row) => row.slice(0, -1));
    if (rows.length < batchSize) return;
    const end = rows.at(-1) ?? [];
    last = [Number(end[0]), end.at(-1)];
  }
}

/** The start of the first day and of the day after the last one. */
function bounds({ from, to }: Classification): { begin: string; end: string | null } {
  return { begin: `${from}T00:00:00Z`, end: to === undefined ? null : `${addDays(to, 1)}T00:00:00Z` };
}

async function apply(
  client: pg.ClientBase,
  classification: Classification,
  { account, fileName, recordedAt }: { account: string; fileName: string; recordedAt: string },
): Promise<Pick<Classified, 'declared' | 'unchanged' | 'replaced' | 'tooShort'>> {
  const { category, note, residential } = classification;
  const { begin, end } = bounds(classification);
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
       (account_id, telephone_number, category, valid_from, valid_to, note, overridden, residential, file_name, recorded_from, recorded_to)
     select k.account_id, k.telephone_number, k.category, k.valid_from, k.valid_to, k.note, k.overridden, k.residential, k.file_name, k.recorded_from, $4
       from number_categories k join category_lines l on ${overlapping}`,
    [account, begin, end, recordedAt],
  );
  await write(`delete from number_categories k using category_lines l where ${overlapping} and k.valid_from >= $2`, [
    account,
    begin,
    end,
  ]);
  await write(
    `update number_categories k set valid_to = $2, recorded_from = $4 from category_lines l where ${overlapping}`,
    [account, begin, end, recordedAt],
  );
  const limit = limitOf(classification);
  const declared = await write(
    `with recursive ${continuous}
     insert into number_categories
       (account_id, telephone_number, category, valid_from, valid_to, note, overridden, residential, file_name, recorded_from)
     select $1, l.number, $3, $2, $4, $5, coalesce(r.ends > r.begins + make_interval(days => $6), false), $8, $7, $9
       from category_lines l join run r on r.number = l.number where l.code is null order by l.number`,
    [account, begin, category, end, note ?? null, limit?.days ?? null, fileName, residential, recordedAt],
  );
  await analyzeAfter(client, 'number_categories', declared);
  const tooShort = category === 'aging' ? await countTooShort(client, [account, begin, category, end]) : 0;
  return { declared, unchanged, replaced, tooShort };
}

async function countTooShort(client: pg.ClientBase, values: readonly unknown[]): Promise<number> {
  const { rows } = await client.query(
    `with recursive ${continuous}
     select count(*)::int as count from run where ends < begins + interval '${shortestAgingDays} days'`,
    [...values],
  );
  return rows[0].count;
}
