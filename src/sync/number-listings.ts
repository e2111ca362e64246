import { toTimestamp } from '../dashboard/dates.js';
import { descriptions } from '../dashboard/registry.js';
import { inserviceNumbers } from '../dashboard/resources/inservice-numbers.js';
import { numberDetails } from '../dashboard/resources/number-details.js';
import type { CopyValue } from '../database/copy.js';
import { noteContradictions } from './contradictions.js';
import type { SnapshotListing } from './snapshot.js';
import type { ValueWarnings } from './value-warnings.js';

/** The in-service list as staged: numbers only. */
export const inserviceListing: SnapshotListing = {
  name: inserviceNumbers.name,
  title: inserviceNumbers.titles.many,
  resource: inserviceNumbers.list,
  entry: 'a number',
  columns: [{ name: 'telephone_number', type: 'text collate "C"' }],
  toRow: (item, warnings) => [checkedNumber(item.values[0], warnings)],
};

/** The job that reads a listing, by the listing's name. */
export const jobsOfListings: Readonly<Record<string, string>> = Object.fromEntries(
  descriptions.map(({ name, job }) => [name, job.name]),
);

const detailColumns = [
  { field: 'FullNumber', name: 'telephone_number', type: 'text collate "C"' },
  { field: 'Status', name: 'status', type: 'text' },
  { field: 'City', name: 'city', type: 'text' },
  { field: 'State', name: 'state', type: 'text' },
  { field: 'RateCenter', name: 'rate_center', type: 'text' },
  { field: 'Lata', name: 'lata', type: 'text' },
  { field: 'Tier', name: 'tier', type: 'text' },
  { field: 'VendorId', name: 'vendor_id', type: 'text' },
  { field: 'VendorName', name: 'vendor_name', type: 'text' },
  { field: 'InServiceDate', name: 'in_service_date', type: 'timestamptz' },
  { field: 'LastModified', name: 'last_modified', type: 'timestamptz' },
] as const;

const fieldIndexes = detailColumns.map(({ field }) => numberDetails.list.fields.indexOf(field));

const indexOf = (name: (typeof detailColumns)[number]['name']) =>
  detailColumns.findIndex((column) => column.name === name);
const statusIndex = indexOf('status');
const inServiceDateIndex = indexOf('in_service_date');
const ownerField = numberDetails.list.fields.indexOf('AccountId');

const stagedColumns = [
  ...detailColumns,
  { name: 'raw', type: 'jsonb' },
  // Null for the account's own rows.
  { name: 'owner_account_id', type: 'text collate "C"' },
  // Set when the listing is verified.
  { name: 'discrepancy', type: 'text' },
];

/** Columns set from the number details, the key first. */
export const detailColumnNames: readonly string[] = stagedColumns.map(({ name }) => name);

/** The status of a number in service, in `/tns` and in `telephone_numbers`. */
export const inService = 'Inservice';

/**
 * The number details (`/tns`) as staged. A row of another account is used only for a number in this account's in-service list.
 * That number is in service here, whatever its status on the other account. The other account's status and in-service date,
 * which don't apply to this account, are kept in `raw`.
 */
export const detailsListing: SnapshotListing = {
  name: numberDetails.name,
  title: numberDetails.titles.many,
  resource: numberDetails.list,
  entry: 'a number',
  columns: stagedColumns,
  keepsForeign: true,
  preference: 'owner_account_id is not null',
  toRow(item, warnings, account) {
    const row: CopyValue[] = new Array(stagedColumns.length);
    const number = checkedNumber(item.values[fieldIndexes[0] as number], warnings);
    let raw: Record<string, unknown> | undefined = item.extra === undefined ? undefined : { ...item.extra };
    row[0] = number;
    noteContradictions(item, { resource: numberDetails.list, key: number }, warnings);
    for (let index = 1; index < detailColumns.length; index += 1) {
      const column = detailColumns[index] as (typeof detailColumns)[number];
      const text = item.values[fieldIndexes[index] as number];
      if (text === undefined || text === '') row[index] = null;
      else if (column.type !== 'timestamptz') row[index] = text;
      else {
        const date = toTimestamp(text);
        row[index] = date;
        if (date === undefined) {
          raw = { ...raw, [column.field]: text };
          warnings.note(
            `${column.field} that is not in a known date format (kept in raw; the column is null)`,
            `"${text}" of ${number}`,
          );
        }
      }
    }
    const owner = item.values[ownerField];
    const isForeign = owner !== undefined && owner !== '' && owner !== account;
    if (isForeign) {
      const [status, date] = [statusIndex, inServiceDateIndex].map(
        (index) => item.values[fieldIndexes[index] as number],
      );
      if (status && status !== inService) raw = { ...raw, Status: status };
      if (date) raw = { ...raw, InServiceDate: date };
      row[statusIndex] = inService;
      row[inServiceDateIndex] = null;
    }
    row[statusIndex] ??= missingStatus(number, warnings);
    row[detailColumns.length + 1] = isForeign ? owner : null;
    row[detailColumns.length + 2] = null;
    row[detailColumns.length] = raw === undefined ? null : JSON.stringify(raw);
    return row;
  },
};

/** A missing status is not guessed: only numbers that the API calls Inservice count as in service. */
function missingStatus(number: string, warnings: ValueWarnings): string {
  warnings.note('number without a status (stored as Unknown)', number);
  return 'Unknown';
}

/** Returns the number as the API sent it. Warns if it is neither ten digits (NANP) nor E.164 with a plus. */
export function checkedNumber(text: string | undefined, warnings: ValueWarnings): string {
  const number = text ?? '';
  if (!/^(?:[2-9]\d{9}|\+\d{7,15})$/.test(number)) {
    warnings.note('telephone number that is neither ten digits nor + and digits (stored as received)', `"${number}"`);
  }
  return number;
}
