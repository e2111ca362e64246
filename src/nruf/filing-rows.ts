import type pg from 'pg';
import type { Day } from '../days.js';
import type { FilingRow, Form } from './form.js';
import { accountsArgument, checkState } from './scope.js';

/** The inputs that determine the rows of a filing. */
export interface FilingParameters {
  asOf: Day;
  form: Form;
  /** Undefined: all accounts of the ledger. */
  accounts: readonly string[] | undefined;
  state: string | undefined;
  agingDays: number;
  /** Text for column J; undefined: the carrier that most numbers in the row's block or code come from. */
  assignor: string | undefined;
}

/**
 * Counts the numbers of a filing: one row per code, sorted by code. Run it in a repeatable-read transaction for a consistent
 * snapshot.
 *
 * @throws {UsageError} no number is in the state on that day
 */
export async function readFilingRows(client: pg.ClientBase, parameters: FilingParameters): Promise<FilingRow[]> {
  const { asOf, form, accounts, state, agingDays, assignor } = parameters;
  const account = accountsArgument(accounts);
  const { rows } = await client.query<CountRow>(
    `select ${form.code} as code, rate_center, state, numbers_received, assigned, intermediate, reserved, aging, administrative,
            available, undeclared, utilization_percent
       from ${form.counts}($1, $2, $3) order by ${form.code} collate "C"`,
    [asOf, account, agingDays],
  );
  const states = rows.map((row) => row.state);
  if (state !== undefined && rows.length > 0) checkState(state, states);
  const carriers = assignor === undefined ? await readCarriers(client, form, accounts) : new Map<string, string>();
  return rows
    .filter((row) => state === undefined || row.state === state)
    .map((row) => ({
      code: row.code,
      rateCenter: row.rate_center,
      state: row.state,
      numbersReceived: Number(row.numbers_received),
      assigned: Number(row.assigned),
      intermediate: Number(row.intermediate),
      reserved: Number(row.reserved),
      aging: Number(row.aging),
      administrative: Number(row.administrative),
      assignor: assignor ?? carriers.get(row.code) ?? null,
      available: Number(row.available),
      undeclared: Number(row.undeclared),
      utilizationPercent: row.utilization_percent,
    }));
}

/** A row as the SQL functions return it. Counts are bigint, which the driver returns as text. */
interface CountRow {
  code: string;
  rate_center: string | null;
  state: string | null;
  numbers_received: string;
  assigned: string;
  intermediate: string;
  reserved: string;
  aging: string;
  administrative: string;
  available: string;
  undeclared: string;
  utilization_percent: string;
}

/** The carrier that most numbers in each block or code come from, by Bandwidth's name for it (`vendor_name`). */
async function readCarriers(
  client: pg.ClientBase,
  { code }: Form,
  accounts: readonly string[] | undefined,
): Promise<Map<string, string>> {
  const { rows } = await client.query(
    `select distinct on (code) code, vendor_name from (
       select ${code} as code, vendor_name, count(*) as numbers from telephone_numbers
        where ${code} is not null and vendor_name is not null and ($1::text[] is null or account_id = any($1)) group by 1, 2
     ) as carriers order by code, numbers desc, vendor_name collate "C"`,
    [accounts ?? null],
  );
  return new Map(rows.map((row) => [row.code, row.vendor_name]));
}
