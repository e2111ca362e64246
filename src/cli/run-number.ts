import type pg from 'pg';
import { mayReadBilling } from '../billing/audit.js';
import type { Database } from '../database/connect.js';
import { databaseTime } from '../database/time.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import { checkAccounts } from '../nruf/scope.js';
import { readForeignNumber, readLedgerNumber } from '../number-file/number-form.js';
import type { Reading } from '../number-file/reading.js';
import { readTimelines, type TimelineOptions } from '../timeline/read-timelines.js';
import { accountsToCount } from './accounts-to-count.js';
import { parseDayOption, parseTimeOption, rejectFutureDays } from './day-options.js';
import {
  csvTimelines,
  jsonTimelines,
  type RejectedLine,
  type TimelineOutput,
  textTimelines,
} from './format-timeline.js';
import { openLedgerToRead } from './open-ledger.js';
import { printPart } from './print-result.js';
import type { Session } from './session.js';

export interface NumberOptions {
  file?: string;
  column?: string;
  sheet?: string;
  asOf?: string;
  knownAt?: string;
  superseded?: boolean;
  account: string[];
  json?: boolean;
  csv?: boolean;
}

/** Numbers that are read at a time: the memory for their time lines, whatever the length of a file. */
const sliceSize = 1000;

/** Prints the time lines of the numbers in the arguments, then of those in the file. A number is shown once. */
export async function runNumber(
  session: Session,
  given: readonly string[],
  options: NumberOptions,
): Promise<ExitStatus> {
  if (options.json && options.csv) throw new UsageError('--json and --csv cannot be combined.');
  for (const name of ['column', 'sheet'] as const) {
    if (options[name] !== undefined && options.file === undefined) throw new UsageError(`--${name} is for --file.`);
  }
  const numbers = new Set(readArguments(given));
  const asOf = options.asOf === undefined ? undefined : parseDayOption('--as-of', options.asOf);
  const knownAt = options.knownAt === undefined ? undefined : parseTimeOption('--known-at', options.knownAt);
  const accounts = accountsToCount(session.config, options);
  const { rejected, reading } =
    options.file === undefined
      ? { rejected: [], reading: undefined }
      : await addFile(numbers, options.file, session, options);
  if (numbers.size === 0 && rejected.length === 0) {
    throw new UsageError('No telephone number is given.', {
      hint: 'Name one or more: tn-ledger number 9195550001, or a list with --file FILE.',
    });
  }
  const database = await openLedgerToRead(session);
  await rejectFutureDays(database, { '--as-of': asOf });
  const now = await databaseTime(database);
  if (knownAt !== undefined && new Date(knownAt) > now)
    throw new UsageError(`--known-at ${knownAt} is in the future: it is ${now.toISOString()}.`);
  const scope: TimelineOptions = {
    accounts,
    day: asOf ?? dayOf(now),
    untilDay: asOf !== undefined,
    knownAt,
    superseded: options.superseded ?? false,
  };
  const output = options.json
    ? jsonTimelines(scope)
    : options.csv
      ? csvTimelines()
      : textTimelines(scope, process.stdout.columns);
  const known = await print(session, database, { numbers: [...numbers], scope, output, rejected, reading });
  if (options.csv)
    for (const { line, reason } of rejected) session.log.warn(`Line ${line} of ${options.file} was skipped: ${reason}`);
  if (known === 0 && numbers.size > 0) return exitStatus.failed;
  return rejected.length > 0 ? exitStatus.rejected : exitStatus.done;
}

/** @throws {UsageError} naming every argument that isn't a telephone number */
function readArguments(given: readonly string[]): string[] {
  const read = given.map(readLedgerNumber);
  const problems = read.flatMap((number) => (typeof number === 'string' ? [] : [number.reason]));
  if (problems.length === 0) return read as string[];
  throw new UsageError(`Not a telephone number: ${problems.join('; ')}.`, {
    hint: 'Write ten digits, with or without +1 and punctuation: 9195550001, "(919) 555-0001". Write numbers of other countries with +: +442079460958.',
  });
}

/** Adds the numbers of a file, and returns the lines that have none. */
async function addFile(
  numbers: Set<string>,
  path: string,
  { signal, log }: Session,
  { column, sheet }: NumberOptions,
): Promise<{ rejected: RejectedLine[]; reading: Reading }> {
  const rejected: RejectedLine[] = [];
  // Loading the readers of CSV files and workbooks takes longer than reading the time line of a number.
  const { openNumberFile } = await import('../number-file/number-file.js');
  const file = await openNumberFile(path, { column, sheet, signal });
  if (file.reading.warning !== undefined) log.warn(`${path}: ${file.reading.warning}`);
  for await (const rows of file.rows()) {
    for (const { line, given, number } of rows) {
      // The other problems are of the line, even if the cell alone would be a number.
      const read = typeof number !== 'string' && number.code === 'not-nanp' ? readForeignNumber(given) : undefined;
      if (typeof number === 'string') numbers.add(number);
      else if (read !== undefined) numbers.add(read);
      else rejected.push({ line, given, ...number });
    }
  }
  return { rejected, reading: file.reading };
}

interface Printing {
  numbers: readonly string[];
  scope: TimelineOptions;
  output: TimelineOutput;
  rejected: readonly RejectedLine[];
  reading: Reading | undefined;
}

/** Prints the numbers, slice by slice, from one snapshot. Returns how many the ledger knows. */
async function print(
  { signal, log }: Session,
  database: Database,
  { numbers, scope, output, rejected, reading }: Printing,
): Promise<number> {
  return inTransaction(database, { snapshot: true, signal }, async (client) => {
    if (scope.accounts !== undefined) await checkAccounts(client, scope.accounts);
    const hasBilling = await mayReadBilling(client);
    let known = 0;
    let isOpen = await printPart(output.begin());
    for (let from = 0; from < numbers.length && isOpen; from += sliceSize) {
      signal.throwIfAborted();
      const timelines = await readTimelines(client, numbers.slice(from, from + sliceSize), scope);
      known += timelines.filter(({ states }) => states.length > 0).length;
      isOpen = await printPart(output.timelines(timelines));
    }
    if (isOpen) await printPart(output.end({ rejected, reading, known, unknown: numbers.length - known, hasBilling }));
    if (!hasBilling)
      log.warn(
        'Billing is left out: the user of DATABASE_URL may not read it. Members of tn_ledger_billing_reader may.',
      );
    if (known === 0 && numbers.length > 0 && (await isEmpty(client)))
      log.warn('The ledger has no numbers yet. Load them first: tn-ledger run nightly');
    return known;
  });
}

async function isEmpty(client: pg.ClientBase): Promise<boolean> {
  return (await client.query('select from telephone_numbers limit 1')).rowCount === 0;
}
