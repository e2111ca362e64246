import { isDeepStrictEqual } from 'node:util';
import type { SandboxNumber } from '../../../src/sandbox/server.js';
import type { Ledger } from './ledger.js';

/** A row of `telephone_numbers` without observation times. Times are ISO 8601 with milliseconds. */
export interface NumberRow {
  telephone_number: string;
  status: string;
  city: string | null;
  state: string | null;
  rate_center: string | null;
  lata: string | null;
  tier: string | null;
  vendor_id: string | null;
  vendor_name: string | null;
  in_service_date: string | null;
  last_modified: string | null;
  assignment_status: string | null;
  npa: string | null;
  npa_nxx: string | null;
  npa_nxx_x: string | null;
  raw: Record<string, unknown> | null;
  removed: boolean;
}

/** The expected row of a number, according to the sandbox. */
export function expectedRow(number: SandboxNumber): NumberRow {
  const isNanp = /^[2-9]\d{9}$/.test(number.telephoneNumber);
  const digits = (length: number) => (isNanp ? number.telephoneNumber.slice(0, length) : null);
  const beyond = {
    ...(number.country !== undefined && { Country: number.country }),
    ...(number.tnType !== undefined && { TnType: number.tnType }),
  };
  return {
    telephone_number: number.telephoneNumber,
    status: number.status,
    city: number.city ?? null,
    state: number.state ?? null,
    rate_center: number.rateCenter ?? null,
    lata: number.lata ?? null,
    tier: number.tier ?? null,
    vendor_id: number.vendorId ?? null,
    vendor_name: number.vendorName ?? null,
    in_service_date: number.inServiceDate?.toISOString() ?? null,
    last_modified: number.lastModified.toISOString(),
    assignment_status: null,
    npa: digits(3),
    npa_nxx: digits(6),
    npa_nxx_x: digits(7),
    raw: Object.keys(beyond).length > 0 ? beyond : null,
    removed: false,
  };
}

const milliseconds = `'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'`;

/** The rows of an account in `telephone_numbers`, by number. */
export async function storedRows(
  ledger: Pick<Ledger, 'query'>,
  account: string,
  where = 'true',
): Promise<Map<string, NumberRow>> {
  const rows = await ledger.query<NumberRow>(
    `select telephone_number, status, city, state, rate_center, lata, tier, vendor_id, vendor_name,
       to_char(in_service_date, ${milliseconds}) as in_service_date, to_char(last_modified, ${milliseconds}) as last_modified,
       assignment_status, npa, npa_nxx, npa_nxx_x, raw, removed_at is not null as removed
     from telephone_numbers where account_id = $1 and ${where}`,
    [account],
  );
  return new Map(rows.map((row) => [row.telephone_number, row]));
}

/** The first differences between two maps of rows, so that assertions stay readable with a million rows. */
export function differences<T>(actual: ReadonlyMap<string, T>, expected: ReadonlyMap<string, T>, most = 3): unknown[] {
  const found: unknown[] = [];
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const [a, e] = [actual.get(key), expected.get(key)];
    if (!isDeepStrictEqual(a, e)) found.push({ key, actual: a, expected: e });
    if (found.length === most) break;
  }
  return found;
}
