import { toTimestamp } from '../dashboard/dates.js';
import { inserviceNumbers, numberDetails } from '../dashboard/resources.js';
import type { CopyValue } from '../database/copy.js';
import { noteContradictions } from './contradictions.js';
import type { SnapshotListing } from './snapshot.js';
import type { ValueWarnings } from './value-warnings.js';

/** The in-service list as it is staged: numbers alone. */
export const inserviceListing: SnapshotListing = {
  name: 'inservice_numbers',
  title: 'in-service numbers',
  resource: inserviceNumbers,
  entry: 'number',
  columns: [{ name: 'telephone_number', type: 'text collate "C"' }],
  toRow: (item, warnings) => [checkedNumber(item.values[0], warnings)],
};

/** The job that reads a listing, by the listing's name. */
export const jobsOfListings: Readonly<Record<string, string>> = {
  inservice_numbers: 'sync-inservice-numbers',
  number_details: 'sync-number-details',
};

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

const fieldIndexes = detailColumns.map(({ field }) => numberDetails.fields.indexOf(field));

const indexOf = (name: (typeof detailColumns)[number]['name']) =>
  detailColumns.findIndex((column) => column.name === name);
const statusIndex = indexOf('status');
const inServiceDateIndex = indexOf('in_service_date');
const ownerField = numberDetails.fields.indexOf('AccountId');

const stagedColumns = [
  ...detailColumns,
  { name: 'raw', type: 'jsonb' },
  // Null for rows of the account itself.
  { name: 'owner_account_id', type: 'text collate "C"' },
  // Filled in by the proof of the listing.
  { name: 'discrepancy', type: 'text' },
];

/** Columns that the number details fill, the key first. */
export const detailColumnNames: readonly string[] = stagedColumns.map(({ name }) => name);

/** The status of a number in service, in `/tns` and in the ledger. */
export const inService = 'Inservice';

/**
 * The number details (`/tns`) as they are staged. A row of another account is of use only for a number that the in-service list
 * names: the number is in service, whatever the other account's status is, and the other account's in-service date, which says
 * nothing about this one, is kept in `raw`.
 */
export const detailsListing: SnapshotListing = {
  name: 'number_details',
  title: 'number details',
  resource: numberDetails,
  entry: 'number',
  columns: stagedColumns,
  keepsForeign: true,
  preference: 'owner_account_id is not null',
  toRow(item, warnings, account) {
    const row: CopyValue[] = new Array(stagedColumns.length);
    const number = checkedNumber(item.values[fieldIndexes[0] as number], warnings);
    let raw: Record<string, unknown> | undefined = item.extra === undefined ? undefined : { ...item.extra };
    row[0] = number;
    noteContradictions(item, { resource: numberDetails, key: number }, warnings);
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
            `${column.field} that fits no date form (kept in raw, the column is null)`,
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

/** Said rather than guessed: only what the API calls Inservice counts as in service. */
function missingStatus(number: string, warnings: ValueWarnings): string {
  warnings.note('number without a status (kept as Unknown)', number);
  return 'Unknown';
}

/** NANP numbers have ten digits, others are E.164 with a plus; what is neither is kept as it came, and told. */
export function checkedNumber(text: string | undefined, warnings: ValueWarnings): string {
  const number = text ?? '';
  if (!/^(?:[2-9]\d{9}|\+\d{7,15})$/.test(number)) {
    warnings.note('telephone number that is neither ten digits nor + and digits (kept as it came)', `"${number}"`);
  }
  return number;
}
