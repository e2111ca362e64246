import { basename, resolve } from 'node:path';
import type { Database } from '../database/connect.js';
import { mayChangeLedger } from '../database/roles.js';
import { databaseTime } from '../database/time.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { groupBy } from '../group-by.js';
import { compareRows } from '../nruf/compare.js';
import { dueOn } from '../nruf/due.js';
import { writeFilingFile } from '../nruf/export.js';
import { type FileKind, fileKind } from '../nruf/file-content.js';
import { type FilingParameters, readFilingRows } from '../nruf/filing-rows.js';
import { findFiling, listFilings, readContent, readStoredRows } from '../nruf/filings.js';
import { loadFormData } from '../nruf/form-data.js';
import { shortestAgingDays } from '../nruf/limits.js';
import { type FilingGroup, prepareFilings } from '../nruf/prepare.js';
import { checkAccounts, checkScope } from '../nruf/scope.js';
import { readAgingDays, shortAgingWarning } from './aging-days.js';
import { parseDayOption } from './day-options.js';
import { formatComparison, formatFilings, formatPrepared, formatStored } from './format-filing.js';
import { openLedgerToRead, refreshIfAllowed } from './open-ledger.js';
import { type ListOptions, outputOf, printAs } from './output.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface PrepareFilingOptions extends ListOptions {
  due: string;
  format: string;
  out?: string;
  force?: boolean;
}

export interface CompareOptions extends ListOptions {
  agingDays?: string;
}

export interface ExportOptions {
  out?: string;
  force?: boolean;
  json?: boolean;
}

/** Prepares the filings of a deadline. The exit status is 3 if the checklist has open items. */
export async function prepareFiling(session: Session, options: PrepareFilingOptions): Promise<ExitStatus> {
  const output = outputOf(options);
  const day = parseDayOption('--due', options.due);
  const kinds = readKinds(options.format);
  const data = loadFormData(session.config.formFile).form502;
  const database = await openLedgerToRead(session, { mayWrite: true });
  await refuseReader(database);
  const due = dueOn(day, dayOf(await databaseTime(database)));
  const known = await checkAccounts(database.pool, undefined);
  const { groups, withoutOcn } = groupAccounts(session, known);
  const counted = groups.flatMap(({ accounts }) => accounts).filter((account) => known.includes(account));
  if (counted.length > 0) await checkScope(database.pool, { asOf: due.asOf, accounts: counted });
  await refreshIfAllowed(session, database, counted);
  const folder = options.out ?? `nruf-${due.asOf}`;
  const prepared = await prepareFilings(database, {
    due,
    groups,
    withoutOcn,
    known,
    data,
    kinds,
    folder: resolve(folder),
    force: options.force ?? false,
    signal: session.signal,
  });
  printAs(output, formatPrepared(prepared, { due, data, folder }, output));
  return prepared.checklist.some(({ level }) => level === 'open') ? exitStatus.rejected : exitStatus.done;
}

function readKinds(text: string): FileKind[] {
  const kinds = [...new Set(text.split(',').map((each) => each.trim().toLowerCase()))];
  const isKind = (kind: string): kind is FileKind => kind === 'xlsx' || kind === 'csv';
  if (kinds.every(isKind)) return kinds;
  throw new UsageError(`--format must be xlsx, csv or xlsx,csv, not ${JSON.stringify(text)}.`);
}

/**
 * The accounts by OCN, and the accounts of the ledger without one.
 *
 * @throws {UsageError} no account has an OCN
 */
function groupAccounts({ config }: Session, known: readonly string[]) {
  const settings = [...config.accountSettings].flatMap(([account, { ocn }]) =>
    ocn === undefined ? [] : [{ account, ocn }],
  );
  if (settings.length === 0) {
    throw new UsageError('No account has an OCN, and filings are per OCN. Nothing was prepared.', {
      hint: 'Set the ocn of each account in the file in TN_LEDGER_ACCOUNTS_FILE; docs/filing.md shows an example.',
    });
  }
  const groups = [...groupBy(settings, ({ ocn }) => ocn)]
    .map(([ocn, of]): FilingGroup => {
      return { ocn, accounts: of.map(({ account }) => account).sort(), company: config.companies.get(ocn) };
    })
    .sort((a, b) => (a.ocn < b.ocn ? -1 : 1));
  const withOcn = settings.map(({ account }) => account);
  return { groups, withoutOcn: known.filter((account) => !withOcn.includes(account)) };
}

/** @throws {LedgerError} this user may only read, and the command stores what it makes */
export async function refuseReader(database: Database, hint = 'Connect as the owner of the ledger.'): Promise<void> {
  if (await mayChangeLedger(database)) return;
  throw new LedgerError(
    `Filings are saved in ${database.describe}, which the user of DATABASE_URL may only read. Nothing was written.`,
    { hint },
  );
}

export async function printFilings(session: Session, options: ListOptions): Promise<ExitStatus> {
  const output = outputOf(options);
  const database = await openLedgerToRead(session);
  printAs(output, formatFilings(await listFilings(database.pool), output));
  return exitStatus.done;
}

export async function showFiling(session: Session, id: string, options: ListOptions): Promise<ExitStatus> {
  const output = outputOf(options);
  const { form502 } = loadFormData(session.config.formFile);
  const database = await openLedgerToRead(session);
  const filing = await findFiling(database.pool, id);
  const rows = await readStoredRows(database.pool, filing.id);
  printAs(output, formatStored(filing, rows, form502[filing.form.id], output));
  return exitStatus.done;
}

/** Compares a stored filing with the ledger as it is today, or with another stored filing. */
export async function compareFiling(
  session: Session,
  [id, otherId]: readonly [string, string | undefined],
  options: CompareOptions,
): Promise<ExitStatus> {
  const output = outputOf(options);
  const given = options.agingDays === undefined ? undefined : readAgingDays(options.agingDays);
  if (otherId !== undefined && given !== undefined)
    throw new UsageError('--aging-days is for a new count. Two stored filings are compared as they are.');
  const short = given === undefined ? undefined : shortAgingWarning(given);
  if (short !== undefined) session.log.warn(short);
  const database = await openLedgerToRead(session);
  const filing = await findFiling(database.pool, id);
  const filed = await readStoredRows(database.pool, filing.id);
  if (otherId !== undefined) {
    const other = await findFiling(database.pool, otherId);
    if (other.form.id !== filing.form.id) {
      throw new UsageError(
        `Filing ${filing.id} is form ${filing.form.id}, and filing ${other.id} is form ${other.form.id}.`,
        { hint: 'Compare filings of the same form. To list them: tn-ledger filing list.' },
      );
    }
    const differences = compareRows(filed, await readStoredRows(database.pool, other.id));
    printAs(output, formatComparison(filing, { other, agingDays: other.agingDays, differences }, output));
    return exitStatus.done;
  }
  await refreshIfAllowed(session, database, filing.accounts);
  // Uses the current minimum, because filings with a shorter aging period counted aging numbers as available.
  const agingDays = given ?? Math.max(filing.agingDays, shortestAgingDays);
  const now = await readRows(session, database, { ...filing, agingDays });
  printAs(output, formatComparison(filing, { agingDays, differences: compareRows(filed, now) }, output));
  return exitStatus.done;
}

export async function exportStored(session: Session, id: string, options: ExportOptions): Promise<ExitStatus> {
  const database = await openLedgerToRead(session);
  const filing = await findFiling(database.pool, id);
  const path = resolve(options.out ?? basename(filing.fileName));
  if (fileKind(path) !== fileKind(filing.fileName)) {
    throw new UsageError(`Filing ${filing.id} is the file ${filing.fileName}, and ${path} has another extension.`, {
      hint: 'The file is written as it was stored. Use the same extension.',
    });
  }
  await writeFilingFile(path, await readContent(database.pool, filing.id), options.force ?? false);
  const text = options.json
    ? JSON.stringify({ filing: filing.id, file: path, sha256: filing.sha256 }, null, 2)
    : `Filing ${filing.id} of ${filing.createdAt.toISOString().slice(0, 10)} written to ${path} again, byte for byte.\nSHA-256 ${filing.sha256}`;
  printResult(text, options);
  return exitStatus.done;
}

/** Counts the rows of a filing on one snapshot. */
export function readRows(session: Session, database: Database, parameters: FilingParameters) {
  return inTransaction(database, { snapshot: true, repeatable: true, signal: session.signal }, (client) =>
    readFilingRows(client, parameters),
  );
}
