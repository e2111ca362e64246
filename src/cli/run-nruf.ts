import { resolve } from 'node:path';
import { databaseTime } from '../database/time.js';
import { dayOf } from '../days.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { exportFiling, refuseEmpty } from '../nruf/export.js';
import { fileKind } from '../nruf/file-content.js';
import type { FilingParameters } from '../nruf/filing-rows.js';
import { findForm } from '../nruf/form.js';
import { loadFormData } from '../nruf/form-data.js';
import { checkScope } from '../nruf/scope.js';
import { accountsToCount } from './accounts-to-count.js';
import { readAgingDays, shortAgingWarning } from './aging-days.js';
import { parseAsOf, rejectFutureDays } from './day-options.js';
import { formatExported, formatRows } from './format-filing.js';
import { openLedgerToRead, refreshIfAllowed } from './open-ledger.js';
import { printResult } from './print-result.js';
import { compareFiling, readRows, refuseReader } from './run-filing.js';
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
  compare?: string;
  json?: boolean;
}

/** Counts numbers for a filing, writes it, or compares a stored one. */
export async function runNruf(session: Session, options: NrufOptions): Promise<ExitStatus> {
  if (options.compare !== undefined) {
    if (options.asOf !== undefined) {
      throw new UsageError('--as-of and --compare cannot be combined.', {
        hint: 'A stored filing is compared as of its own day.',
      });
    }
    return compareFiling(session, [options.compare, undefined], options);
  }
  if (options.asOf === undefined) {
    throw new UsageError('The filing date is missing, such as --as-of 2026-12-31.', {
      hint: 'Set it, or use --as-of last. To list stored filings: tn-ledger filing list.',
    });
  }
  const json = options.json ?? false;
  const print = (text: string) => printResult(text, { json });
  const parse = readParameters(session, options);
  const data = loadFormData(session.config.formFile).form502;
  const path = options.out === undefined ? undefined : resolve(options.out);
  if (path !== undefined) fileKind(path);
  const database = await openLedgerToRead(session, { mayWrite: path !== undefined });
  if (path !== undefined)
    await refuseReader(database, 'Omit --out to print the rows, or connect as the owner of the ledger.');
  const parameters = parse(dayOf(await databaseTime(database)));
  for (const warning of warningsOf(parameters)) session.log.warn(warning);
  await rejectFutureDays(database, { '--as-of': parameters.asOf });
  await checkScope(database.pool, parameters);
  await refreshIfAllowed(session, database, parameters.accounts);
  const columns = data[parameters.form.id];
  if (path === undefined) {
    const rows = await readRows(session, database, parameters);
    refuseEmpty(rows, parameters);
    print(formatRows(rows, parameters, { columns, json }));
    return exitStatus.done;
  }
  const exported = await exportFiling(database, parameters, {
    path,
    force: options.force ?? false,
    allowGaps: options.allowGaps ?? false,
    data,
    signal: session.signal,
  });
  print(formatExported(exported, options.out ?? path, parameters, { data, json }));
  return exitStatus.done;
}

/** Checks the options. The day may be `last`, so it takes today, by the database's clock. */
function readParameters({ config }: Session, options: NrufOptions): (today: string) => FilingParameters {
  const { state, assignor, asOf = '' } = options;
  if (state !== undefined && !/^[A-Za-z]{2}$/.test(state.trim()))
    throw new UsageError(`--state must be two letters, such as NC, not ${JSON.stringify(state)}.`);
  if (assignor !== undefined && assignor.trim() === '')
    throw new UsageError('--assignor is blank.', { hint: 'Set a value, or omit the option.' });
  const day = parseAsOf(asOf);
  const others = {
    form: findForm(options.form),
    accounts: accountsToCount(config, options),
    state: state?.trim().toUpperCase(),
    agingDays: readAgingDays(options.agingDays),
    assignor: assignor?.trim(),
  };
  return (today) => ({ asOf: day(today), ...others });
}

function* warningsOf({ asOf, agingDays }: FilingParameters): Generator<string> {
  if (!/-(06-30|12-31)$/.test(asOf)) {
    yield `NRUF filings are as of June 30 and December 31; ${asOf} is neither.`;
  }
  const short = shortAgingWarning(agingDays);
  if (short !== undefined) yield short;
}
