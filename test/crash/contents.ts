import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contents } from '../support/compare-contents.js';
import { account, type Ledger } from '../sync/support/ledger.js';

/** Tables that are not compared, and why. */
const leftOutTables: Record<string, string> = {
  sync_runs: 'one row for each attempt; the last of each job is compared',
  request_permits: 'the rate limit of the last minutes',
  result_file_parts: 'the text of the report, which says when it was written',
};

/** Columns that are not compared, by table, and why. */
const leftOutColumns: Record<string, Record<string, string>> = {
  assignment_orders: { attempts: 'how often the program began to send or look for an order' },
  result_files: {
    file_id: 'a sequence, which a crash lets jump',
    run_id: 'a sequence, which each attempt advances',
    file_sha256: 'the report says when it was written',
    byte_count: 'the report lists the attempts',
  },
  // An order that a run places is in the list that its next attempt reads; without one, in that of the next run.
  number_assignment_orders: {
    raw: 'also has what the list says of an order',
    changed_at: 'when the list first named it',
  },
  sync_date_filters: { api_url: 'the port of the sandbox' },
  move_checks: { checked_to: 'an hour before the run that checked' },
};

/** Rows that are not compared, by table, as a condition; and why. */
const leftOutRows: Record<string, { where: string; why: string }> = {
  order_status_changes: {
    where: `order_kind = 'number_assignment_orders' and order_id in (select order_id from assignment_orders)`,
    why: 'the next attempt may see an order of this run before it is final',
  },
};

export interface ContentsOptions {
  ledger: Ledger;
  /** When each nightly run was prepared. */
  runs: readonly Date[];
}

/**
 * Reads every table of the database, every assignment order that the API has, and every file but the reports, without what differs
 * between runs of equal result.
 */
export async function readContents({ ledger, runs }: ContentsOptions): Promise<Contents> {
  const normalize = await normalizer(ledger, runs);
  const contents = new Map<string, string[]>();
  const add = (place: string, values: readonly unknown[]) =>
    contents.set(
      place,
      values.map((value) => normalize(JSON.stringify(value))),
    );
  const tables = await ledger.query<{ schema: string; name: string }>(
    `select nspname as schema, relname as name from pg_class join pg_namespace n on n.oid = relnamespace
      where relkind in ('r', 'p') and not relispartition and nspname !~ '^pg_|^information_schema$' order by 1, 2`,
  );
  for (const { schema, name } of tables) {
    const table = schema === 'tn_ledger' ? name : `${schema}.${name}`;
    if (leftOutTables[table] !== undefined) continue;
    const without = Object.keys(leftOutColumns[table] ?? {});
    const rows = await ledger.query<{ row: unknown }>(
      `select to_jsonb(t) - $1::text[] as row from ${schema}.${name} t where (${leftOutRows[table]?.where ?? false}) is not true`,
      [without],
    );
    add(
      table,
      rows.map(({ row }) => row),
    );
  }
  await checkLeftOut(ledger);
  add(
    'last runs',
    await ledger.query('select distinct on (job) job, status, error from sync_runs order by job, run_id desc'),
  );
  add('assignment orders of the API', ledger.sandbox.account(account).assignmentOrders());
  const files: [string, string][] = [];
  for (const folder of ['inbox', 'done', 'failed', 'outbox']) {
    const entries = await readdir(join(ledger.dataDir, folder), { recursive: true, withFileTypes: true }).catch(
      () => [],
    );
    for (const entry of entries.filter((each) => each.isFile())) {
      const path = join(entry.parentPath, entry.name);
      files.push([path, await readFile(path, 'utf8')]);
    }
  }
  add('files', files);
  return contents;
}

/** @throws for a name among those left out that the schema doesn't have (any more) */
async function checkLeftOut(ledger: Ledger): Promise<void> {
  const rows = await ledger.query<{ name: string }>(
    `select table_name || '.' || column_name as name from information_schema.columns where table_schema = 'tn_ledger'
      union select table_name from information_schema.tables where table_schema = 'tn_ledger'`,
  );
  const names = new Set(rows.map(({ name }) => name));
  const columns = Object.entries(leftOutColumns).flatMap(([table, of]) =>
    Object.keys(of).map((name) => `${table}.${name}`),
  );
  const unknown = [...Object.keys(leftOutTables), ...columns].filter((name) => !names.has(name));
  if (unknown.length > 0) throw new Error(`there is no ${unknown.join(', ')} to leave out`);
}

/** Replaces, in the JSON of a row, what each run makes up: times, keys of batches, folders. */
async function normalizer(ledger: Ledger, runs: readonly Date[]): Promise<(json: string) => string> {
  const batches = await ledger.query<{ id: string; key: string; name: string }>(
    'select batch_id as id, batch_key as key, file_name as name from assignment_batches',
  );
  const reports = await ledger.query<{ id: string; name: string }>(
    `select report_id as id, concat_ws(' ', type, start_date, end_date, state) as name from billing_reports`,
  );
  const nameOf = (id: string) => batches.find((batch) => batch.id === id)?.name;
  return (json) => {
    // The answer to a POST leaves out the 0 that the order has when it is read.
    let text = json
      .replaceAll('"failed_quantity":0', '"failed_quantity":null')
      .replaceAll(ledger.dataDir, '(data)')
      // Files are submitted although a list could not be read: a number is rejected for what was known at the time.
      .replace(/\bdisconnected (?:on \d{4}-\d\d-\d\d|\(status \w+\))/g, 'disconnected (as known)')
      .replace(/\b\d{8}T\d{6}Z\b|\b\d{4}-\d\d-\d\dT\d{6}Z\b/g, '(time)');
    text = text.replace(/"batch_id":(\d+)/g, (_, id) => `"batch_id":"(id of ${nameOf(id)})"`);
    // Of a report whose request was lost, the API has another one.
    for (const { id, name } of reports) text = text.replaceAll(id, `(report ${name})`);
    for (const { key, name } of batches) text = text.replaceAll(key, `(key of ${name})`);
    return text.replace(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)"/g, (time) => timeless(time, runs));
  };
}

/** The nightly run in which the program did something, in place of the time. The API's times stand still, and are kept. */
function timeless(quoted: string, runs: readonly Date[]): string {
  const run = runs.filter((begun) => begun.getTime() <= Date.parse(quoted.slice(1, -1))).length;
  return run === 0 ? quoted : `"in run ${run}"`;
}
