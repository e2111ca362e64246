import { basename, resolve } from 'node:path';
import type { Database } from '../database/connect.js';
import { mayChangeLedger } from '../database/roles.js';
import { inTransaction } from '../database/transaction.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { compareRows } from '../nruf/compare.js';
import { exportFiling, refuseEmpty, writeFilingFile } from '../nruf/export.js';
import { fileKind } from '../nruf/file-content.js';
import { type FilingParameters, readFilingRows } from '../nruf/filing-rows.js';
import { findFiling, listFilings, readContent, readStoredRows } from '../nruf/filings.js';
import { findForm } from '../nruf/form.js';
import { shortestAgingDays } from '../nruf/limits.js';
import { checkScope } from '../nruf/scope.js';
import { accountsToCount } from './accounts-to-count.js';
import { readAgingDays, shortAgingWarning } from './aging-days.js';
import { parseDayOption, rejectFutureDays } from './day-options.js';
import { formatComparison, formatExported, formatFilings, formatRows } from './format-filing.js';
import { openLedgerToRead, refreshIfAllowed } from './open-ledger.js';
import { printResult } from './print-result.js';
import type { Session } from './session.js';

export interface NrufOptions {
  asOf?: string;
  form: string;
  state?: string;
  account: string[];
  ocn?: string;
  agingDays?: string;
  assignor?: string;
  out?: string;
  allowGaps?: boolean;
  force?: boolean;
  filings?: boolean;
  filing?: string;
  compare?: string;
  json?: boolean;
}

/** Counts numbers for a filing, writes it, or shows a saved one. */
export async function runNruf(session: Session, options: NrufOptions): Promise<ExitStatus> {
  const work = chooseWork(options);
  const print = (text: string) => printResult(text, options);
  const json = options.json ?? false;
  if (work !== 'count') {
    const database = await openLedgerToRead(session);
    if (work === 'filings') print(formatFilings(await listFilings(database.pool), json));
    if (work === 'filing') print(await again(database, options));
    if (work === 'compare') print(await compare(session, database, options));
    return exitStatus.done;
  }
  const parameters = readParameters(session, options);
  for (const warning of warningsOf(parameters)) session.log.warn(warning);
  const path = options.out === undefined ? undefined : resolve(options.out);
  if (path !== undefined) fileKind(path);
  const database = await openLedgerToRead(session, { mayWrite: path !== undefined });
  if (path !== undefined && !(await mayChangeLedger(database))) {
    throw new LedgerError(
      `Filings are saved in ${database.describe}, which the user of DATABASE_URL may only read. Nothing was written.`,
      { hint: 'Omit --out to print the rows, or connect as the owner of the ledger.' },
    );
  }
  await rejectFutureDays(database, { '--as-of': parameters.asOf });
  await checkScope(database.pool, parameters);
  await refreshIfAllowed(session, database, parameters.accounts);
  if (path === undefined) {
    const rows = await readRows(session, database, parameters);
    refuseEmpty(rows, parameters);
    print(formatRows(rows, parameters, json));
    return exitStatus.done;
  }
  const exported = await exportFiling(database, parameters, {
    path,
    force: options.force ?? false,
    allowGaps: options.allowGaps ?? false,
    signal: session.signal,
  });
  print(formatExported(exported, options.out ?? path, parameters, json));
  return exitStatus.done;
}

/**
 * The action that the options select.
 *
 * @throws {UsageError} they select none, or more than one
 */
function chooseWork(options: NrufOptions): 'count' | 'filings' | 'filing' | 'compare' {
  const asked = [
    ...(options.asOf === undefined ? [] : (['count'] as const)),
    ...(options.filings ? (['filings'] as const) : []),
    ...(options.filing === undefined ? [] : (['filing'] as const)),
    ...(options.compare === undefined ? [] : (['compare'] as const)),
  ];
  const [work, ...others] = asked;
  if (work !== undefined && others.length === 0) return work;
  if (work === undefined) {
    throw new UsageError('The filing date is missing, such as --as-of 2026-12-31.', {
      hint: 'Set it, or select a saved filing: --filings, --filing NUMBER, --compare NUMBER.',
    });
  }
  throw new UsageError('--as-of, --filings, --filing and --compare cannot be combined.', {
    hint: 'Use one of them.',
  });
}

function readParameters({ config }: Session, options: NrufOptions): FilingParameters {
  const { state, assignor } = options;
  if (state !== undefined && !/^[A-Za-z]{2}$/.test(state.trim()))
    throw new UsageError(`--state must be two letters, such as NC, not ${JSON.stringify(state)}.`);
  if (assignor !== undefined && assignor.trim() === '')
    throw new UsageError('--assignor is blank.', { hint: 'Set a value, or omit the option.' });
  return {
    asOf: parseDayOption('--as-of', options.asOf ?? ''),
    form: findForm(options.form),
    accounts: accountsToCount(config, options),
    state: state?.trim().toUpperCase(),
    agingDays: readAgingDays(options.agingDays),
    assignor: assignor?.trim(),
  };
}

function* warningsOf({ asOf, agingDays }: FilingParameters): Generator<string> {
  if (!/-(06-30|12-31)$/.test(asOf)) {
    yield `NRUF filings are as of June 30 and December 31; ${asOf} is neither.`;
  }
  const short = shortAgingWarning(agingDays);
  if (short !== undefined) yield short;
}

function readRows(session: Session, database: Database, parameters: FilingParameters) {
  return inTransaction(database, { signal: session.signal, repeatable: true }, async (client) => {
    await client.query('set transaction isolation level repeatable read');
    return readFilingRows(client, parameters);
  });
}

async function again(database: Database, options: NrufOptions): Promise<string> {
  const filing = await findFiling(database.pool, options.filing ?? '');
  const path = resolve(options.out ?? basename(filing.fileName));
  await writeFilingFile(path, await readContent(database.pool, filing.id), options.force ?? false);
  if (options.json) return JSON.stringify({ filing: filing.id, file: path, sha256: filing.sha256 }, null, 2);
  return `Filing ${filing.id} of ${filing.createdAt.toISOString().slice(0, 10)} written to ${path} again, byte for byte.\nSHA-256 ${filing.sha256}`;
}

async function compare(session: Session, database: Database, options: NrufOptions): Promise<string> {
  const filing = await findFiling(database.pool, options.compare ?? '');
  await refreshIfAllowed(session, database, filing.accounts);
  // Uses the current minimum, because filings with a shorter aging period counted aging numbers as available.
  const agingDays =
    options.agingDays === undefined ? Math.max(filing.agingDays, shortestAgingDays) : readAgingDays(options.agingDays);
  const now = await readRows(session, database, { ...filing, agingDays });
  const filed = await readStoredRows(database.pool, filing.id);
  return formatComparison(filing, { agingDays, differences: compareRows(filed, now) }, options.json ?? false);
}
