import { databaseTime } from '../database/time.js';
import { inTransaction } from '../database/transaction.js';
import { dayOf } from '../days.js';
import { type ExitStatus, exitStatus } from '../errors.js';
import { hyphenated } from '../nruf/form.js';
import { loadFormData } from '../nruf/form-data.js';
import { findMissingBlocks, type MissingBlock, readMissingReport } from '../nruf/missing.js';
import { checkScope } from '../nruf/scope.js';
import { parseAsOf, rejectFutureDays } from './day-options.js';
import { formatCount, formatTable } from './format.js';
import { openLedgerToRead, refreshIfAllowed } from './open-ledger.js';
import { type ListOptions, outputOf, printAs, toCsv } from './output.js';
import type { Session } from './session.js';

export interface MissingOptions extends ListOptions {
  asOf: string;
}

const header = ['block', 'in report', 'OCN in report', 'account', 'OCN', 'rate center', 'state'];

/**
 * Lists the blocks of the ledger in NANPA's Utilization Missing report. The exit status is 3 if there are any, or if lines of the report
 * can't be read.
 */
export async function findMissing(session: Session, path: string, options: MissingOptions): Promise<ExitStatus> {
  const output = outputOf(options);
  const day = parseAsOf(options.asOf);
  const data = loadFormData(session.config.formFile).missingReport;
  const { lines, rejected } = await readMissingReport(path, data, session.signal);
  const database = await openLedgerToRead(session);
  const asOf = day(dayOf(await databaseTime(database)));
  await rejectFutureDays(database, { '--as-of': asOf });
  await checkScope(database.pool, { asOf, accounts: undefined });
  await refreshIfAllowed(session, database, undefined);
  const blocks = await inTransaction(database, { snapshot: true, repeatable: true, signal: session.signal }, (client) =>
    findMissingBlocks(client, lines, asOf),
  );
  for (const { line, reason } of rejected.slice(0, 20)) session.log.warn(`${path}:${line}: ${reason}; line rejected`);
  if (rejected.length > 20) session.log.warn(`${formatCount(rejected.length)} lines rejected in all`);
  const ocnOf = (account: string) => session.config.accountSettings.get(account)?.ocn;
  if (output === 'json') {
    const list = blocks.map(({ rateCenter, leftOut, account, ...block }) => ({
      ...block,
      account_id: account,
      account_ocn: ocnOf(account) ?? null,
      rate_center: rateCenter,
      left_out: leftOut,
    }));
    const result = {
      as_of: asOf,
      headings: { version: data.version, verified: data.verified },
      lines: lines.length,
      rejected,
      blocks: list,
    };
    printAs(output, JSON.stringify(result, null, 2));
  } else if (output === 'csv') {
    const columns = [...header, 'numbers', 'counted', 'left out', 'filing'];
    const cells = blocks.map((each) => [
      ...placeOf(each, ocnOf),
      each.numbers,
      each.counted,
      each.leftOut,
      each.filing,
    ]);
    printAs(output, toCsv(columns, cells));
  } else {
    printAs(output, toText(blocks, ocnOf, { asOf, lines: lines.length, rejected: rejected.length }));
  }
  return blocks.length > 0 || rejected.length > 0 ? exitStatus.rejected : exitStatus.done;
}

type OcnOf = (account: string) => string | undefined;

function placeOf({ block, code, ocn, account, rateCenter, state }: MissingBlock, ocnOf: OcnOf): string[] {
  return [hyphenated(block), hyphenated(code), ocn ?? '', account, ocnOf(account) ?? '', rateCenter ?? '', state ?? ''];
}

function toText(
  blocks: readonly MissingBlock[],
  ocnOf: OcnOf,
  { asOf, lines, rejected }: { asOf: string; lines: number; rejected: number },
): string {
  const read = `${formatCount(lines)} ${lines === 1 ? 'line' : 'lines'} read${rejected > 0 ? `, ${formatCount(rejected)} rejected` : ''}`;
  if (blocks.length === 0)
    return `The report names no block in which the ledger has numbers at the end of ${asOf} (UTC); ${read}.`;
  const table = formatTable(
    [...header, 'numbers', 'counted', 'left out', 'filing'],
    blocks.map((each) => [
      ...placeOf(each, ocnOf),
      formatCount(each.numbers),
      formatCount(each.counted),
      each.leftOut ?? '',
      each.filing ?? 'none',
    ]),
    { right: [7, 8] },
  );
  const notes = [
    `The report names ${formatCount(new Set(blocks.map(({ block }) => block)).size)} of the ledger's blocks; numbers as of the end of ${asOf} (UTC); ${read}.`,
  ];
  if (blocks.some(({ filing, counted }) => filing === null && counted > 0))
    notes.push('Blocks without a filing: tn-ledger filing prepare --due DATE makes one.');
  if (blocks.some(({ filing }) => filing !== null)) {
    notes.push(
      "Blocks with a filing: NANPA doesn't have the row on file. Look for its error in NANPA's response: rows with errors are not on file.",
    );
  }
  if (blocks.some(({ counted }) => counted === 0))
    notes.push('Blocks in which no number counts need no row. docs/nruf.md says why numbers are left out.');
  return `${table}\n\n${notes.join('\n')}`;
}
