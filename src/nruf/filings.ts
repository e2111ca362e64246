import { createHash } from 'node:crypto';
import type pg from 'pg';
import type { Day } from '../days.js';
import { UsageError } from '../errors.js';
import type { CompanyPage } from './file-content.js';
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
  /** Day on which it is due; null: it was not made with `filing prepare`. */
  dueOn: Day | null;
  ocn: string | null;
  company: Readonly<Record<string, string>> | null;
  formVersion: string | null;
}

export interface NewFiling {
  parameters: FilingParameters;
  gapsAllowed: boolean;
  fileName: string;
  content: Buffer;
  rows: readonly FilingRow[];
  formVersion: string;
  /** What `filing prepare` knows about it. */
  prepared?: PreparedFacts;
}

export interface PreparedFacts {
  dueOn: Day;
  ocn: string;
  company: CompanyPage;
}

const sha256Of = (content: Buffer) => createHash('sha256').update(content).digest('hex');
const pageJson = (company: CompanyPage) => JSON.stringify(Object.fromEntries(company));

/** Stores a filing with its file and rows, in the client's transaction. */
export async function storeFiling(client: pg.ClientBase, filing: NewFiling): Promise<{ id: string; sha256: string }> {
  const { asOf, form, accounts, state, agingDays, assignor } = filing.parameters;
  const sha256 = sha256Of(filing.content);
  const { rows } = await client.query(
    `insert into nruf_filings
       (as_of, form, accounts, state, aging_days, assignor, gaps_allowed, file_name, content, sha256, row_count,
        form_version, due_on, ocn, company)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) returning filing_id`,
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
      filing.formVersion,
      filing.prepared?.dueOn ?? null,
      filing.prepared?.ocn ?? null,
      filing.prepared === undefined ? null : pageJson(filing.prepared.company),
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

const filingColumns = `filing_id, as_of::text, form, accounts, state, aging_days, assignor, created_at, file_name, sha256, row_count,
  due_on::text, ocn, company, form_version`;

/** All filings, newest first. */
export async function listFilings(db: Queryable): Promise<Filing[]> {
  const { rows } = await db.query(`select ${filingColumns} from nruf_filings order by filing_id desc`);
  return rows.map(toFiling);
}

/**
 * The newest filing that `filing prepare` made for the due date, OCN and form in a file of this name, if it has the same content, accounts and
 * company page: preparing it again makes no other one.
 */
export async function findSame(
  db: Queryable,
  { parameters, fileName, content, prepared }: NewFiling & { prepared: PreparedFacts },
): Promise<Filing | undefined> {
  const { dueOn, ocn, company } = prepared;
  const { rows } = await db.query(
    `select * from (
       select ${filingColumns} from nruf_filings where due_on = $1 and ocn = $2 and form = $3 and file_name = $4
        order by filing_id desc limit 1
     ) as newest where sha256 = $5 and company::jsonb = $6::jsonb and accounts = $7`,
    [dueOn, ocn, parameters.form.id, fileName, sha256Of(content), pageJson(company), parameters.accounts],
  );
  return rows[0] === undefined ? undefined : toFiling(rows[0]);
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
    hint: 'List the filings with tn-ledger filing list.',
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
    dueOn: row.due_on as Day | null,
    ocn: row.ocn as string | null,
    company: row.company as Record<string, string> | null,
    formVersion: row.form_version as string | null,
  };
}
