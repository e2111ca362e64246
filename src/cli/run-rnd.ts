import { createHash } from 'node:crypto';
import { basename, resolve } from 'node:path';
import { databaseTime } from '../database/time.js';
import { inTransaction } from '../database/transaction.js';
import { addDays, type Day, dayOf, daysBetween, nextMonth } from '../days.js';
import { type ExitStatus, exitStatus, UsageError } from '../errors.js';
import {
  type Disconnect,
  type DisconnectPeriod,
  readDisconnects,
  readLate,
  reportContent,
  storeReport,
} from '../nruf/disconnects.js';
import { withFileErrors } from '../nruf/export.js';
import { fileKind } from '../nruf/file-content.js';
import { type DisconnectReport, loadFormData } from '../nruf/form-data.js';
import { shortestAgingDays } from '../nruf/limits.js';
import { checkScope, describeAccounts } from '../nruf/scope.js';
import { readSyncGaps, type SyncGap } from '../nruf/sync-state.js';
import { beginFile, checkOutputPath } from '../output-file.js';
import { shellWord } from '../shell-word.js';
import { accountsToCount } from './accounts-to-count.js';
import { parseDayOption } from './day-options.js';
import { formatCount, formatTable } from './format.js';
import { openLedgerToRead } from './open-ledger.js';
import { type ListOptions, outputOf, printAs, toCsv } from './output.js';
import { refuseReader } from './run-filing.js';
import type { Session } from './session.js';

export interface RndOptions extends ListOptions {
  month: string;
  through?: string;
  account: string[];
  ocn?: string;
  out?: string;
  force?: boolean;
}

/** Why numbers need a look: they were excluded because the ledger doesn't understand or date what happened. */
const unclear = ['unknown status', 'no date', 'port-out pending'];

interface Report extends DisconnectPeriod {
  month: string;
  dueOn: Day;
  overdueDays: number;
  reported: Disconnect[];
  excluded: Disconnect[];
  /** Those of `reported` that belong to an earlier month. */
  late: Disconnect[];
  gaps: SyncGap[];
  data: DisconnectReport;
  /** Number of the stored report and its file. */
  stored: { id: string; file: string; sha256: string } | undefined;
}

/** Lists the disconnects of a month, and writes the file. The exit status is 3 if the ledger may not know all of them. */
export async function runRnd(session: Session, options: RndOptions): Promise<ExitStatus> {
  const output = outputOf(options);
  const { firstDay, lastDay, following } = readMonth(options.month);
  const through = options.through === undefined ? lastDay : parseDayOption('--through', options.through);
  if (through < lastDay || through.slice(0, 7) > following.slice(0, 7)) {
    throw new UsageError(`--through ${through} must be from ${lastDay} to the end of the month after it.`);
  }
  const accounts = accountsToCount(session.config, options);
  const data = loadFormData(session.config.formFile).disconnectReport;
  const path = options.out === undefined ? undefined : resolve(options.out);
  const kind = path === undefined ? 'csv' : fileKind(path);
  if (path !== undefined) await checkOutputPath(path, { replace: options.force ?? false });
  const database = await openLedgerToRead(session, { mayWrite: path !== undefined });
  if (path !== undefined)
    await refuseReader(database, 'Omit --out to print the numbers, or connect as the owner of the ledger.');
  const today = dayOf(await databaseTime(database));
  if (through >= today) {
    throw new UsageError(
      `${through === lastDay ? options.month : through} is not over: today is ${today} (UTC). Nothing was written.`,
      { hint: `Run it on ${addDays(through, 1)} or later.` },
    );
  }
  const known = await checkScope(database.pool, { asOf: through, accounts });
  const period: DisconnectPeriod = { firstDay, lastDay: through, accounts };
  const file = path === undefined ? undefined : await withFileErrors(path, () => beginFile(path));
  try {
    const report = await inTransaction(database, { snapshot: 'writable', signal: session.signal }, async (client) => {
      const all = await readDisconnects(client, period);
      const current = all.filter(({ excluded }) => excluded === null);
      const inPeriod = new Set(current.map(({ telephoneNumber }) => telephoneNumber));
      const late = (await readLate(client, period)).filter((each) => !inPeriod.has(each.telephoneNumber));
      const reported = [...late, ...current].sort((a, b) => (a.telephoneNumber < b.telephoneNumber ? -1 : 1));
      const dueOn = `${following.slice(0, 7)}-15`;
      const result: Report = {
        ...period,
        month: options.month,
        dueOn,
        overdueDays: Math.max(0, daysBetween(dueOn, today)),
        reported,
        excluded: all.filter(({ excluded }) => excluded !== null),
        late,
        gaps: await readSyncGaps(client, accounts ?? known, through),
        data,
        stored: undefined,
      };
      if (file === undefined || path === undefined) return result;
      const content = await reportContent(kind, reported, data);
      await withFileErrors(path, () => file.handle.writeFile(content));
      const sha256 = createHash('sha256').update(content).digest('hex');
      const fileName = basename(path);
      const id = await storeReport(client, { ...period, fileName, sha256, formVersion: data.version, rows: reported });
      return { ...result, stored: { id, file: options.out ?? path, sha256 } };
    });
    if (file !== undefined && path !== undefined)
      await withFileErrors(path, () => file.finish({ replace: options.force ?? false }));
    for (const warning of warningsOf(report)) session.log.warn(warning);
    printAs(output, output === 'json' ? toJson(report) : output === 'csv' ? reportAsCsv(report) : toText(report));
    return report.gaps.length > 0 || report.excluded.some(isUnclear) ? exitStatus.rejected : exitStatus.done;
  } finally {
    await file?.discard();
  }
}

const isUnclear = ({ excluded }: Disconnect) => unclear.includes(excluded ?? '');

/** @throws {UsageError} it isn't a month from 2000 on */
function readMonth(text: string): { firstDay: Day; lastDay: Day; following: Day } {
  if (!/^\d{4}-(0[1-9]|1[0-2])$/.test(text)) {
    throw new UsageError(`--month must be a month in the form yyyy-mm, such as 2026-10, not ${JSON.stringify(text)}.`);
  }
  const firstDay = parseDayOption('--month', `${text}-01`);
  const following = nextMonth(firstDay);
  return { firstDay, lastDay: addDays(following, -1), following };
}

function* warningsOf({ gaps, lastDay, reported, data, overdueDays, dueOn }: Report): Generator<string> {
  for (const { account, never, stale } of gaps) {
    yield `Account ${account} was not read completely after ${lastDay} (${[...never, ...stale].join(', ')}), so disconnects may be missing. Run tn-ledger run nightly --account ${shellWord(account)} first.`;
  }
  if (reported.length > data.maxRows) {
    yield `The file has more than ${formatCount(data.maxRows)} rows: split it, and give each part a batch ID.`;
  }
  if (overdueDays > 0) yield `The report was due on ${dueOn}, ${formatCount(overdueDays)} days ago.`;
}

function toText(report: Report): string {
  const { month, firstDay, lastDay, accounts, dueOn, reported, excluded, late, data, stored } = report;
  const lines = [
    `Permanent disconnects from ${firstDay} to ${lastDay} (UTC), ${describeAccounts(accounts)}; the report for ${month} is due on ${dueOn}.`,
    '',
    countTable('to report', reported, describeReported),
  ];
  if (late.length > 0) {
    lines.push(
      '',
      `${formatCount(late.length)} of them belong to earlier months: the ledger learned of them after their report was made.`,
    );
  }
  if (excluded.length > 0) {
    lines.push(
      '',
      countTable('excluded', excluded, ({ excluded: reason }) => reason ?? ''),
    );
    lines.push('', 'docs/filing.md explains the reasons. All numbers, with reasons: the same command with --csv.');
  }
  lines.push('', headingsOf(data));
  if (stored === undefined) lines.push('Nothing was written. To write the file: --out FILE.');
  else {
    lines.push(
      `${stored.file}: ${formatCount(reported.length)} ${reported.length === 1 ? 'number' : 'numbers'}. Stored as report ${stored.id}, SHA-256 ${stored.sha256}.`,
    );
  }
  if (reported.length === 0) lines.push('With no disconnects, confirm that there are none at reassigned.us.');
  return lines.join('\n');
}

function describeReported({ evidence, marked }: Disconnect): string {
  if (marked === null) return `${evidence}; never marked ASSIGNED or UNASSIGNED`;
  return evidence === 'left the account' ? 'left the account, no order explains it' : evidence;
}

function headingsOf({ version, verified }: DisconnectReport): string {
  return `Headings: version ${version}${verified ? '' : ', not yet compared with the Submitter User Guide (docs/filing.md)'}.`;
}

/** How many numbers there are of each kind, with the first few. */
function countTable(title: string, rows: readonly Disconnect[], kindOf: (row: Disconnect) => string): string {
  const kinds = new Map<string, { count: number; examples: string[] }>();
  for (const row of rows) {
    const kind = kinds.get(kindOf(row)) ?? { count: 0, examples: [] };
    kind.count += 1;
    if (kind.examples.length < 3) kind.examples.push(row.telephoneNumber);
    kinds.set(kindOf(row), kind);
  }
  const cells = [...kinds]
    .sort(([, a], [, b]) => b.count - a.count)
    .map(([kind, { count, examples }]) => [
      kind,
      formatCount(count),
      `${examples.join(', ')}${count > examples.length ? ', …' : ''}`,
    ]);
  return formatTable([title, 'numbers', 'examples'], [...cells, ['in all', formatCount(rows.length), '']], {
    right: [1],
  });
}

function describe({ telephoneNumber, account, disconnectedOn, evidence, orderId, marked, recordedAt }: Disconnect) {
  return {
    telephone_number: telephoneNumber,
    disconnected_on: disconnectedOn,
    account_id: account,
    evidence,
    order_id: orderId,
    marked,
    recorded_at: recordedAt,
  };
}

function toJson(report: Report): string {
  const { month, firstDay, lastDay, accounts, dueOn, overdueDays, reported, excluded, late, gaps, data, stored } =
    report;
  const lateNumbers = new Set(late);
  return JSON.stringify(
    {
      month,
      first_day: firstDay,
      last_day: lastDay,
      accounts: accounts ?? null,
      due_on: dueOn,
      overdue_days: overdueDays,
      complete: gaps.length === 0,
      incomplete_accounts: gaps.map(({ account, never, stale }) => ({ account_id: account, never, stale })),
      aging_days: shortestAgingDays,
      headings: { version: data.version, verified: data.verified },
      report: stored?.id ?? null,
      file: stored?.file ?? null,
      sha256: stored?.sha256 ?? null,
      numbers: reported.map((each) => ({ ...describe(each), late: lateNumbers.has(each) })),
      excluded: excluded.map((each) => ({ ...describe(each), reason: each.excluded })),
    },
    null,
    2,
  );
}

function reportAsCsv({ reported, excluded }: Report): string {
  const header = ['telephone_number', 'disconnected_on', 'account_id', 'evidence', 'order_id', 'marked', 'excluded'];
  const lines = [...reported, ...excluded].map((each) => [
    each.telephoneNumber,
    each.disconnectedOn,
    each.account,
    each.evidence,
    each.orderId,
    each.marked,
    each.excluded,
  ]);
  return toCsv(header, lines);
}
