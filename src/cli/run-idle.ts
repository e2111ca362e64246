import { resolve } from 'node:path';
import type pg from 'pg';
import { mayReadBilling } from '../billing/audit.js';
import { commandFor } from '../billing/command-for.js';
import type { Coverage } from '../billing/coverage.js';
import { type IdleNumber, type IdleWindow, readIdleNumbers, readIdleWindow } from '../billing/idle.js';
import { type PriceList, readPriceList } from '../billing/prices.js';
import { countReportsToRollUp } from '../billing/roll-up-loaded.js';
import { csvText, writeCsvFile } from '../csv-file.js';
import type { Database } from '../database/connect.js';
import { databaseTime } from '../database/time.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { type ExitStatus, exitStatus, LedgerError, UsageError } from '../errors.js';
import { checkAccounts } from '../nruf/scope.js';
import { checkOutputPath } from '../output-file.js';
import { accountsToCount } from './accounts-to-count.js';
import { formatCount, formatTable } from './format.js';
import { openLedgerToRead } from './open-ledger.js';
import { printResult, writeToStdout } from './print-result.js';
import type { Session } from './session.js';

export interface IdleCommandOptions {
  days: string;
  callsOnly?: boolean;
  allowGaps?: boolean;
  prices?: string;
  account: string[];
  csv?: boolean;
  json?: boolean;
  out?: string;
  force?: boolean;
}

type PricedNumber = IdleNumber & { monthly_price: string | null };

/** Lists the numbers without traffic. */
export async function runIdle(session: Session, options: IdleCommandOptions): Promise<ExitStatus> {
  const days = readDays(options.days);
  if ([options.csv, options.json, options.out].filter(Boolean).length > 1)
    throw new UsageError('--csv, --json and --out cannot be combined.', { hint: 'Use one of them.' });
  const out = options.out === undefined ? undefined : resolve(options.out);
  if (out !== undefined) await checkOutputPath(out, { replace: options.force ?? false });
  const prices = options.prices === undefined ? undefined : await readPriceList(resolve(options.prices));
  const wanted = accountsToCount(session.config, options);
  const database = await openLedgerToRead(session);
  await checkMayRead(database);
  const known = await checkAccounts(database.pool, wanted);
  const accounts = wanted ?? known;
  const today = dayOf(await databaseTime(database));
  await inTransaction(database, { snapshot: true, largeJoin: true, signal: session.signal }, async (client) => {
    const windows: IdleWindow[] = [];
    for (const account of accounts) {
      await checkRolledUp(client, account);
      const window = await readIdleWindow(client, { account, days, callsOnly: options.callsOnly ?? false, today });
      if (window === undefined) throw nothingLoaded(account, options);
      windows.push(window);
    }
    for (const gap of windows.flatMap(gapsOf)) {
      if (!options.allowGaps) throw notCovered(gap);
      session.log.warn(`${gap.text} Traffic on these days is unknown.`);
    }
    for (const window of windows) for (const warning of warningsOf(window)) session.log.warn(warning);
    const rows = priced(client, windows, prices);
    if (out !== undefined) await writeFile(out, windows, rows, prices);
    else if (options.csv) await writeToStdout(csvText(header(prices), cells(rows, prices)));
    else if (options.json) await printJson(windows, rows, prices);
    else await printTable(windows, rows, prices);
  });
  return exitStatus.done;
}

function readDays(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text);
  throw new UsageError(`--days must be a whole number from 1 to 9999, not ${JSON.stringify(text)}.`);
}

async function checkMayRead(database: Database): Promise<void> {
  if (await mayReadBilling(database.pool)) return;
  throw new LedgerError(`The user of DATABASE_URL may not read call records in ${database.describe}.`, {
    hint: 'Have an administrator add the user to the group role: grant tn_ledger_billing_reader to ….',
  });
}

async function checkRolledUp(client: pg.ClientBase, account: string): Promise<void> {
  const count = await countReportsToRollUp(client, account);
  if (count === 0) return;
  throw new LedgerError(
    `${formatCount(count)} billing reports of account ${account} aren't rolled up into billing_daily yet, so that numbers with traffic would be listed. Nothing was listed.`,
    { hint: `Roll them up: tn-ledger rollup --account ${account}` },
  );
}

function nothingLoaded(account: string, { callsOnly }: IdleCommandOptions): LedgerError {
  return new LedgerError(
    `No BDR report of account ${account} is loaded, so its traffic is unknown. Nothing was listed.`,
    {
      hint: `Load BDR${callsOnly ? '' : ' and MDR'} reports of the days: tn-ledger billing --type BDR --from DATE --to DATE --account ${account}`,
    },
  );
}

interface Gap {
  account: string;
  coverage: Coverage;
  text: string;
}

function gapsOf({ account, from, to, calls, messages }: IdleWindow): Gap[] {
  return [calls, ...(messages === undefined ? [] : [messages])].flatMap((coverage) => {
    const { type, missing } = coverage;
    if (missing.length === 0) return [];
    const ranges = missing.map((range) => (range.from === range.to ? range.from : `${range.from} to ${range.to}`));
    const text = `${type} reports of account ${account} are not loaded for ${ranges.join(', ')}, of the window ${from} to ${to}.`;
    return [{ account, coverage, text }];
  });
}

function notCovered({ account, coverage, text }: Gap): LedgerError {
  const { type, missing } = coverage;
  const load = commandFor({ account, type, days: missing[0] });
  const others = type === 'MDR' ? ', ignore messages with --calls-only,' : '';
  return new LedgerError(`${text} Days that aren't loaded prove nothing. Nothing was listed.`, {
    hint: `Load them (${load})${others} or list the numbers anyway with --allow-gaps.`,
  });
}

function* warningsOf({ account, calls, messages, unplaced }: IdleWindow): Generator<string> {
  if (unplaced > 0)
    yield `${formatCount(unplaced)} records of account ${account} name no number or have no usable time; they may be of any number.`;
  for (const { type, rejected } of [calls, ...(messages === undefined ? [] : [messages])]) {
    if (rejected > 0)
      yield `${formatCount(rejected)} ${type} rows of account ${account} could not be loaded and are in billing_rejects; they may be of any number.`;
  }
}

async function* priced(
  client: pg.ClientBase,
  windows: readonly IdleWindow[],
  prices: PriceList | undefined,
): AsyncGenerator<PricedNumber[]> {
  for (const window of windows) {
    for await (const rows of readIdleNumbers(client, window)) {
      yield rows.map((row) => ({ ...row, monthly_price: prices?.priceOf(row) ?? null }));
    }
  }
}

const columns = [
  'account_id',
  'telephone_number',
  'status',
  'assignment_status',
  'category',
  'origin',
  'city',
  'state',
  'rate_center',
  'tier',
  'since',
  'last_used',
] as const satisfies readonly (keyof IdleNumber)[];

function header(prices: PriceList | undefined): (keyof PricedNumber)[] {
  return [...columns, ...(prices === undefined ? [] : (['monthly_price'] as const))];
}

async function* cells(rows: AsyncGenerator<PricedNumber[]>, prices: PriceList | undefined) {
  const names = header(prices);
  for await (const batch of rows) yield batch.map((row) => names.map((name) => row[name]));
}

/** Adds up what is listed, in exact decimals. */
function createTotals() {
  let numbers = 0;
  let unpriced = 0;
  let billionths = 0n;
  return {
    add(batch: readonly PricedNumber[]) {
      numbers += batch.length;
      for (const { monthly_price: price } of batch) {
        if (price === null) {
          unpriced += 1;
          continue;
        }
        const [whole = '', fraction = ''] = price.split('.');
        billionths += BigInt(whole + fraction.padEnd(9, '0'));
      }
    },
    numbers: () => numbers,
    unpriced: () => unpriced,
    monthly() {
      const digits = String(billionths).padStart(10, '0');
      const fraction = digits.slice(-9).replace(/0{1,7}$/, '');
      return `${digits.slice(0, -9)}.${fraction}`;
    },
  };
}

type Totals = ReturnType<typeof createTotals>;

async function* counted(rows: AsyncGenerator<PricedNumber[]>, totals: Totals): AsyncGenerator<PricedNumber[]> {
  for await (const batch of rows) {
    totals.add(batch);
    yield batch;
  }
}

async function writeFile(
  path: string,
  windows: readonly IdleWindow[],
  rows: AsyncGenerator<PricedNumber[]>,
  prices: PriceList | undefined,
): Promise<void> {
  const totals = createTotals();
  await writeCsvFile(path, header(prices), cells(counted(rows, totals), prices), {
    hint: 'Set --out to a file in a folder that you can write to.',
  });
  printResult([`Written to ${path}.`, ...summary(windows, totals, prices)].join('\n'));
}

async function printJson(
  windows: readonly IdleWindow[],
  rows: AsyncGenerator<PricedNumber[]>,
  prices: PriceList | undefined,
): Promise<void> {
  const names = header(prices);
  const totals = createTotals();
  const described = windows.map(({ account, from, to, calls, messages, unplaced, newer }) => ({
    account_id: account,
    from,
    to,
    calls_missing: calls.missing,
    messages_missing: messages?.missing ?? null,
    unplaced_records: unplaced,
    newer_numbers: newer,
  }));
  async function* parts(): AsyncGenerator<string> {
    yield `{\n"windows": ${JSON.stringify(described)},\n"numbers": [`;
    for await (const batch of counted(rows, totals)) {
      const before = totals.numbers() === batch.length ? '\n' : ',\n';
      const lines = batch.map((row) => JSON.stringify(Object.fromEntries(names.map((name) => [name, row[name]]))));
      yield before + lines.join(',\n');
    }
    const price = prices === undefined ? {} : { monthly_price: totals.monthly(), without_price: totals.unpriced() };
    yield `\n],\n"total": ${JSON.stringify({ numbers: totals.numbers(), ...price })}\n}\n`;
  }
  await writeToStdout(parts());
}

const mostPrinted = 100;

async function printTable(
  windows: readonly IdleWindow[],
  rows: AsyncGenerator<PricedNumber[]>,
  prices: PriceList | undefined,
): Promise<void> {
  const totals = createTotals();
  const first: PricedNumber[] = [];
  for await (const batch of counted(rows, totals)) first.push(...batch.slice(0, mostPrinted - first.length));
  const names = header(prices);
  const titles = names.map((name) => name.replaceAll('_', ' '));
  const lines = first.map((row) => names.map((name) => row[name] ?? ''));
  const more = totals.numbers() - first.length;
  printResult(
    [
      ...(first.length === 0
        ? []
        : [formatTable(titles, lines, { right: prices === undefined ? [] : [columns.length] })]),
      ...(more > 0 ? [`… and ${formatCount(more)} more; --csv, --json and --out list all.`] : []),
      ...(first.length === 0 ? [] : ['']),
      ...summary(windows, totals, prices),
    ].join('\n'),
  );
}

function summary(windows: readonly IdleWindow[], totals: Totals, prices: PriceList | undefined): string[] {
  const count = formatCount(totals.numbers());
  const price =
    prices === undefined
      ? ''
      : `, ${totals.monthly()} a month${totals.unpriced() > 0 ? ` without the ${formatCount(totals.unpriced())} numbers that the price list has no price for` : ''}`;
  return [
    `${count} ${totals.numbers() === 1 ? 'number' : 'numbers'} without ${windows[0]?.messages === undefined ? 'calls (messages were not considered)' : 'calls or messages'}${price}.`,
    ...windows.map(
      ({ account, from, to, newer }) =>
        `Account ${account}: ${from} to ${to}, the last day loaded; ${formatCount(newer)} ${newer === 1 ? 'number that came into service later is' : 'numbers that came into service later are'} not listed.`,
    ),
  ];
}
