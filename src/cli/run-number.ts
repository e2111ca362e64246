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
import { formatCount } from './format.js';
import {
  csvTimelines,
  jsonTimelines,
  type RejectedLine,
  type TimelineOutput,
  textTimelines,
} from './format-timeline.js';
import type { LiveNumbers, ReadLedger } from './live-numbers.js';
import { openLedgerAsOwner, openLedgerToRead } from './open-ledger.js';
import { printPart } from './print-result.js';
import type { ApiSession, Session } from './session.js';

export interface NumberOptions {
  file?: string;
  column?: string;
  sheet?: string;
  asOf?: string;
  knownAt?: string;
  superseded?: boolean;
  live?: boolean;
  account: string[];
  json?: boolean;
  csv?: boolean;
}

/** Numbers that are read at a time: the memory for their time lines, whatever the length of a file. */
const sliceSize = 1000;

/**
 * Prints the time lines of the numbers in the arguments, then of those in the file. A number is shown once.
 *
 * @param api reads what the API says about them, too; undefined: without it
 */
export async function runNumber(
  session: Session,
  given: readonly string[],
  options: NumberOptions,
  api?: ApiSession,
): Promise<ExitStatus> {
  if (options.json && options.csv) throw new UsageError('--json and --csv cannot be combined.');
  if (api !== undefined) rejectWithLive(options);
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
  const database =
    api === undefined
      ? await openLedgerToRead(session)
      : await openLedgerAsOwner(session, "It can't share the rate limit, so nothing was requested from the API.");
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
  // Loading the client takes longer than reading the time line of a number.
  const live = api && (await (await import('./live-numbers.js')).openLiveNumbers(api, numbers.size, accounts));
  const printed = await print(session, database, { numbers: [...numbers], scope, output, rejected, reading, live });
  if (options.csv)
    for (const { line, reason } of rejected) session.log.warn(`Line ${line} of ${options.file} was skipped: ${reason}`);
  if ((printed.known === 0 && numbers.size > 0) || printed.refused > 0) return exitStatus.failed;
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

/** The API says what is so now, and has no history of what it said. */
function rejectWithLive(options: NumberOptions): void {
  const others = { '--as-of': options.asOf, '--known-at': options.knownAt, '--csv': options.csv };
  for (const [name, value] of Object.entries(others))
    if (value !== undefined && value !== false) throw new UsageError(`--live and ${name} cannot be combined.`);
}

interface Printing {
  numbers: readonly string[];
  scope: TimelineOptions;
  output: TimelineOutput;
  rejected: readonly RejectedLine[];
  reading: Reading | undefined;
  live: LiveNumbers | undefined;
}

interface Printed {
  /** Numbers that the ledger or the API knows. */
  known: number;
  /** Numbers of which the API refused to say something. */
  refused: number;
}

/** Prints the numbers from one snapshot; or, with what the API says, which takes too long for that, from one for each slice. */
async function print(session: Session, database: Database, printing: Printing): Promise<Printed> {
  const inSnapshot: ReadLedger = (work) => inTransaction(database, { snapshot: true, signal: session.signal }, work);
  if (printing.live !== undefined) return printSlices(session, inSnapshot, printing);
  return inSnapshot((client) => printSlices(session, (work) => work(client), printing));
}

async function printSlices(
  { signal, log }: Session,
  read: ReadLedger,
  { numbers, scope, output, rejected, reading, live }: Printing,
): Promise<Printed> {
  const hasBilling = await read(async (client) => {
    if (scope.accounts !== undefined) await checkAccounts(client, scope.accounts);
    return mayReadBilling(client);
  });
  let [known, refused] = [0, 0];
  let isOpen = await printPart(output.begin());
  const size = live?.sliceSize ?? sliceSize;
  for (let from = 0; from < numbers.length && isOpen; from += size) {
    signal.throwIfAborted();
    const slice = numbers.slice(from, from + size);
    const timelines = await read((client) => readTimelines(client, slice, scope));
    const answers = await live?.read(timelines, read);
    known += timelines.filter(({ states }, n) => states.length > 0 || answers?.[n]?.isKnown).length;
    refused += answers?.filter(({ isRefused }) => isRefused).length ?? 0;
    isOpen = await printPart(output.timelines(timelines, answers));
  }
  if (isOpen) await printPart(output.end({ rejected, reading, known, unknown: numbers.length - known, hasBilling }));
  if (!hasBilling)
    log.warn('Billing is left out: the user of DATABASE_URL may not read it. Members of tn_ledger_billing_reader may.');
  if (refused > 0) log.warn(`The API refused part of what --live reads for ${formatCount(refused)} of the numbers.`);
  if (known === 0 && numbers.length > 0 && (await read(isEmpty)))
    log.warn('The ledger has no numbers yet. Load them first: tn-ledger run nightly');
  return { known, refused };
}

async function isEmpty(client: pg.ClientBase): Promise<boolean> {
  return (await client.query('select from telephone_numbers limit 1')).rowCount === 0;
}
