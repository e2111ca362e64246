import { stringify } from 'csv-stringify/sync';
import type pg from 'pg';
import writeXlsxFile, { type Cell } from 'write-excel-file/node';
import { addDays, type Day } from '../days.js';
import { type FileKind, withoutTimes } from './file-content.js';
import type { DisconnectReport } from './form-data.js';
import { accountsArgument } from './scope.js';

/** The disconnects of a report for the Reassigned Numbers Database. */
export interface DisconnectPeriod {
  firstDay: Day;
  /** Inclusive. */
  lastDay: Day;
  /** Undefined: all accounts of the ledger. */
  accounts: readonly string[] | undefined;
}

/** A row of `rnd_disconnects`. */
export interface Disconnect {
  telephoneNumber: string;
  account: string;
  /** Null only if it is excluded because no order gives the date. */
  disconnectedOn: Day | null;
  /** `disconnect order`, `left the account`, `UNASSIGN`, or `classified as aging`. */
  evidence: string;
  orderId: string | null;
  /** How it was marked right before; null: it was not. */
  marked: 'ASSIGNED' | 'UNASSIGNED' | null;
  /** Why it is not to be reported; null: it is. */
  excluded: string | null;
  recordedAt: Date;
}

const columns = `telephone_number as "telephoneNumber", account_id as account, disconnected_on::text as "disconnectedOn", evidence,
  order_id as "orderId", marked, excluded, recorded_at as "recordedAt"`;

/** The disconnects of a period, reported and excluded, sorted by number. */
export async function readDisconnects(client: pg.ClientBase, period: DisconnectPeriod): Promise<Disconnect[]> {
  const { rows } = await client.query<Disconnect>(`select ${columns} from rnd_disconnects($1, $2, $3)`, [
    period.firstDay,
    period.lastDay,
    accountsArgument(period.accounts),
  ]);
  return rows;
}

/**
 * Disconnects of earlier periods that a stored report covers and no stored report has: the ledger learned of them later. They belong in
 * the next report.
 */
export async function readLate(client: pg.ClientBase, period: DisconnectPeriod): Promise<Disconnect[]> {
  const { rows: first } = await client.query<{ day: Day | null }>(
    'select min(first_day)::text as day from rnd_reports where first_day < $1',
    [period.firstDay],
  );
  const day = first[0]?.day ?? null;
  if (day === null) return [];
  const { rows } = await client.query<Disconnect>(
    `select ${columns} from rnd_disconnects($1, $2, $3) d
      where d.excluded is null
        and exists (select from rnd_reports r
          where d.disconnected_on between r.first_day and r.last_day and (r.accounts is null or d.account_id = any(r.accounts)))
        and not exists (select from rnd_report_numbers n
          where n.telephone_number = d.telephone_number and n.disconnected_on >= d.disconnected_on)`,
    [day, addDays(period.firstDay, -1), accountsArgument(period.accounts)],
  );
  return rows;
}

/** Stores what was reported, in the client's transaction. */
export async function storeReport(
  client: pg.ClientBase,
  report: DisconnectPeriod & { fileName: string; sha256: string; formVersion: string; rows: readonly Disconnect[] },
): Promise<string> {
  const { firstDay, lastDay, accounts, fileName, sha256, formVersion, rows } = report;
  const stored = await client.query<{ id: string }>(
    `insert into rnd_reports (first_day, last_day, accounts, file_name, sha256, row_count, form_version)
     values ($1, $2, $3, $4, $5, $6, $7) returning report_id as id`,
    [firstDay, lastDay, accounts ?? null, fileName, sha256, rows.length, formVersion],
  );
  const id = stored.rows[0]?.id as string;
  await client.query(
    `insert into rnd_report_numbers (report_id, telephone_number, disconnected_on, account_id)
     select $1, n, d, a from unnest($2::text[], $3::date[], $4::text[]) as r (n, d, a)`,
    [
      id,
      rows.map(({ telephoneNumber }) => telephoneNumber),
      rows.map(({ disconnectedOn }) => disconnectedOn),
      rows.map(({ account }) => account),
    ],
  );
  return id;
}

/** The file to submit. The same rows produce the same bytes. */
export async function reportContent(
  kind: FileKind,
  rows: readonly Disconnect[],
  data: DisconnectReport,
): Promise<Buffer> {
  const lines = rows.map(({ telephoneNumber, disconnectedOn }) =>
    data.columns.map(({ value }) => {
      if (value === 'telephone_number') return telephoneNumber;
      return value === 'disconnected_on' ? formatDay(disconnectedOn ?? '', data.dateFormat) : value.text;
    }),
  );
  const all = data.header ? [data.columns.map(({ heading }) => heading), ...lines] : lines;
  if (kind === 'csv') return Buffer.from(stringify(all, { escape_formulas: true }));
  const cells = all.map((line) => line.map((value): Cell => ({ value, type: String })));
  return withoutTimes(await writeXlsxFile(cells, { columns: data.columns.map(() => ({ width: 18 })) }).toBuffer());
}

function formatDay(day: Day, format: DisconnectReport['dateFormat']): string {
  const [year, month, date] = day.split('-');
  if (format === 'mm/dd/yyyy') return `${month}/${date}/${year}`;
  return format === 'yyyymmdd' ? `${year}${month}${date}` : day;
}
