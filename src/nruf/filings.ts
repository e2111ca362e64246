import { createHash } from 'node:crypto';
import type pg from 'pg';
import { UsageError } from '../errors.js';
import type { FilingParameters } from './filing-rows.js';
import { type FilingRow, findForm } from './form.js';

type Queryable = pg.ClientBase | pg.Pool;

/** A stored filing. */
export interface Filing extends FilingParameters {
  id: string;
  createdAt: Date;
  fileName: string;
  sha256: string;
  rowCount: number;
}

export interface NewFiling {
  parameters: FilingParameters;
  gapsAllowed: boolean;
  fileName: string;
  content: Buffer;
  rows: readonly FilingRow[];
}

/** Stores a filing with its file and rows, in the client's transaction. */
export async function storeFiling(client: pg.ClientBase, filing: NewFiling): Promise<{ id: string; sha256: string }> {
  const { asOf, form, accounts, state, agingDays, assignor } = filing.parameters;
  const sha256 = createHash('sha256').update(filing.content).digest('hex');
  const { rows } = await client.query(
    `insert into nruf_filings
       (as_of, form, accounts, state, aging_days, assignor, gaps_allowed, file_name, content, sha256, row_count)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) returning filing_id`,
    [
      asOf,
      form.id,
      accounts ?? null,
      state ?? null,
      agingDays,
      assignor ?? null,
      filing.gapsAllowed,
      filing.fileName,
      filing.content,
      sha256,
      filing.rows.length,
    ],
  );
  const id: string = rows[0].filing_id;
  await client.query(
    `insert into nruf_filing_rows
       (filing_id, code, rate_center, state, numbers_received, assigned, intermediate, reserved, aging, administrative,
        assignor, available, undeclared, utilization_percent)
     select $1, r.code, r."rateCenter", r.state, r."numbersReceived", r.assigned, r.intermediate, r.reserved, r.aging,
            r.administrative, r.assignor, r.available, r.undeclared, r."utilizationPercent"
       from jsonb_to_recordset($2) as r (code text, "rateCenter" text, state text, "numbersReceived" bigint, assigned bigint,
            intermediate bigint, reserved bigint, aging bigint, administrative bigint, assignor text, available bigint,
            undeclared bigint, "utilizationPercent" numeric)`,
    [id, JSON.stringify(filing.rows)],
  );
  return { id, sha256 };
}

const filingColumns = `filing_id, as_of::text, form, accounts, state, aging_days, assignor, created_at, file_name, sha256, row_count`;

/** All filings, newest first. */
export async function listFilings(db: Queryable): Promise<Filing[]> {
  const { rows } = await db.query(`select ${filingColumns} from nruf_filings order by filing_id desc`);
  return rows.map(toFiling);
}

/** @throws {UsageError} no filing has this id */
export async function findFiling(db: Queryable, id: string): Promise<Filing> {
  if (!/^[1-9]\d{0,17}$/.test(id)) throw noFiling(id);
  const { rows } = await db.query(`select ${filingColumns} from nruf_filings where filing_id = $1`, [id]);
  if (rows.length === 0) throw noFiling(id);
  return toFiling(rows[0]);
}

function noFiling(id: string): UsageError {
  return new UsageError(`There is no filing ${JSON.stringify(id)}.`, {
    hint: 'List the filings with tn-ledger nruf --filings.',
  });
}

/** The stored file of a filing, byte for byte. */
export async function readContent(db: Queryable, id: string): Promise<Buffer> {
  const { rows } = await db.query('select content from nruf_filings where filing_id = $1', [id]);
  return rows[0].content;
}

/** The stored rows of a filing, sorted by code. */
export async function readStoredRows(db: Queryable, id: string): Promise<FilingRow[]> {
  const { rows } = await db.query('select * from nruf_filing_rows where filing_id = $1 order by code collate "C"', [
    id,
  ]);
  return rows.map((row) => ({
    code: row.code,
    rateCenter: row.rate_center,
    state: row.state,
    numbersReceived: Number(row.numbers_received),
    assigned: Number(row.assigned),
    intermediate: Number(row.intermediate),
    reserved: Number(row.reserved),
    aging: Number(row.aging),
    administrative: Number(row.administrative),
    assignor: row.assignor,
    available: Number(row.available),
    undeclared: Number(row.undeclared),
    utilizationPercent: row.utilization_percent,
  }));
}

function toFiling(row: Record<string, unknown>): Filing {
  return {
    id: row.filing_id as string,
    asOf: row.as_of as string,
    form: findForm(row.form as string),
    accounts: (row.accounts as string[] | null) ?? undefined,
    state: (row.state as string | null) ?? undefined,
    agingDays: row.aging_days as number,
    assignor: (row.assignor as string | null) ?? undefined,
    createdAt: row.created_at as Date,
    fileName: row.file_name as string,
    sha256: row.sha256 as string,
    rowCount: row.row_count as number,
  };
}
