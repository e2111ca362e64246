import { stringify } from 'csv-stringify/sync';
import { dayOf } from '../days.js';
import { capitalize, formatMinute } from '../format.js';
import { describeAccounts } from '../nruf/scope.js';
import type { NumberProblem } from '../number-file/number-form.js';
import { describeReading, type Reading, readingAsJson } from '../number-file/reading.js';
import { terminalSafe } from '../terminal-text.js';
import type { AccountState, Entry, Timeline, TimelineOptions } from '../timeline/read-timelines.js';
import { formatCount, formatTable } from './format.js';

/** A line of a file without a telephone number. */
export interface RejectedLine extends NumberProblem {
  line: number;
  given: string;
}

interface Outcome {
  rejected: readonly RejectedLine[];
  /** How the file was read; undefined: there is none. */
  reading: Reading | undefined;
  known: number;
  unknown: number;
  /** Whether the time lines include billing, which needs a right of its own. */
  hasBilling: boolean;
}

/** What the API says about a number, for `--live`. */
export interface LiveAnswer {
  /** Whether the API knows it. */
  isKnown: boolean;
  /** Whether the API refused to say something about it. */
  isRefused: boolean;
  toText(width: number | undefined): string;
  toJson(): Record<string, unknown>;
}

/** Formats time lines as parts of one output, in the order of the methods. */
export interface TimelineOutput {
  begin(): string;
  /** @param live what the API says about each number; undefined: it wasn't asked */
  timelines(timelines: readonly Timeline[], live?: readonly LiveAnswer[]): string;
  end(outcome: Outcome): string;
}

/** @param width columns of the terminal; undefined: as wide as it takes */
export function textTimelines(scope: TimelineOptions, width: number | undefined): TimelineOutput {
  return {
    begin: () => `${capitalize(describeScope(scope))}\n`,
    timelines: (timelines, live) =>
      timelines
        .map((timeline, n) => {
          const result = live?.[n];
          const parts = [toText(timeline, scope, width), ...(result === undefined ? [] : [result.toText(width)])];
          return terminalSafe(`\n${parts.join('\n\n')}\n`);
        })
        .join(''),
    end({ rejected, reading, known, unknown }) {
      const lines = describeReading(reading);
      if (known + unknown > 1)
        lines.push(`${formatCount(known)} of ${formatCount(known + unknown)} numbers are known.`);
      if (rejected.length > 0)
        lines.push(`Lines of the file that have no telephone number: ${formatCount(rejected.length)}`);
      lines.push(...rejected.map(({ line, reason }) => `  line ${line}: ${reason}`));
      return lines.length === 0 ? '' : terminalSafe(`\n${lines.join('\n')}\n`);
    },
  };
}

/** One object: the scope, `numbers` with their states and time lines, `rejected` lines, and how the file was read. */
export function jsonTimelines({ accounts, day, untilDay, knownAt }: TimelineOptions): TimelineOutput {
  let separator = '';
  const scope = { accounts: accounts ?? null, as_of: untilDay ? day : null, known_at: knownAt ?? null };
  return {
    begin: () => `{\n${JSON.stringify(scope, null, 2).slice(2, -2)},\n  "numbers": [`,
    timelines: (timelines, live) =>
      timelines
        .map((timeline, n) => {
          const result = live?.[n];
          const number = { ...toJson(timeline), ...(result !== undefined && { live: result.toJson() }) };
          const text = `${separator}\n${JSON.stringify(number, null, 2).replace(/^/gm, '    ')}`;
          separator = ',';
          return text;
        })
        .join(''),
    end({ rejected, reading, hasBilling }) {
      const rest = { rejected, reading: readingAsJson(reading), has_billing: hasBilling };
      return `\n  ],${JSON.stringify(rest, null, 2).slice(1)}\n`;
    },
  };
}

const csvColumns = [
  'telephone_number',
  'account_id',
  'at',
  'until',
  'kind',
  'value',
  'what',
  'source',
  'order_id',
  'end_order_id',
  'reference',
  'user_id',
  'recorded_from',
  'recorded_to',
] as const satisfies readonly (keyof Entry)[];

/** One row per entry. Numbers that the ledger doesn't know have none. */
export function csvTimelines(): TimelineOutput {
  const cell = (value: string | Date | null) => (value instanceof Date ? value.toISOString() : value);
  return {
    begin: () => stringify([csvColumns]),
    timelines: (timelines) =>
      stringify(
        timelines.flatMap(({ entries }) => entries.map((entry) => csvColumns.map((column) => cell(entry[column])))),
        { quoted_match: /^$/ },
      ),
    end: () => '',
  };
}

function toJson({ number, states, entries, otherAccounts }: Timeline): Record<string, unknown> {
  return {
    telephone_number: number,
    known: states.length > 0,
    states: states.map(({ account, status, left, assignment, classification, counted, details }) => {
      const { telephone_number: _, account_id: __, ...detailsOnly } = details ?? {};
      return {
        account_id: account,
        status: status?.value ?? null,
        status_from: status?.at ?? null,
        status_order_id: status?.order_id ?? null,
        left_at: left?.until ?? null,
        left_order_id: left?.end_order_id ?? null,
        assignment_status: assignment?.value ?? null,
        assignment_from: assignment?.at ?? null,
        assignment_order_id: assignment?.order_id ?? null,
        classification: classification?.value ?? null,
        nruf_category: counted?.category ?? null,
        nruf_left_out: counted?.left_out ?? null,
        nruf_counted_in: counted?.counted_in ?? null,
        details: details === null ? null : detailsOnly,
      };
    }),
    timeline: entries.map(({ telephone_number: _, ...entry }) => entry),
    other_accounts: otherAccounts,
  };
}

function toText(
  { number, states, entries, otherAccounts }: Timeline,
  { day, knownAt }: TimelineOptions,
  width: number | undefined,
): string {
  const others = otherAccounts.length === 0 ? [] : [`${capitalize(describeAccounts(otherAccounts))} had it, too.`];
  if (states.length === 0) {
    const knows = knownAt === undefined ? 'knows' : 'knew';
    return [`The ledger ${knows} nothing about ${number}.`, ...others].join('\n');
  }
  return [
    ...states.map((state) => formatTable([number, `account ${state.account}`], describeState(state), { width })),
    entries.length > 0 ? formatEntries(entries, { width, states }) : `Nothing is known of the time up to ${day}.`,
    ...others,
  ].join('\n\n');
}

function describeState({ status, left, assignment, classification, counted, details }: AccountState): string[][] {
  const since = (entry: Entry) => `since ${dayOf(entry.at)}${withOrder(entry.order_id)}`;
  const rows: [string, string | undefined][] = [
    ['status', status === null ? describeAbsence(left) : `${status.value} ${since(status)}`],
    ['assignment', assignment === null ? 'none' : `${assignment.value} ${since(assignment)}`],
    ['classification', classification === null ? undefined : `${classification.value} ${since(classification)}`],
    ['NRUF', describeCount(counted)],
    ['rate center', details === null ? undefined : describePlace(details)],
    ['carrier', details?.vendor_name ?? undefined],
    ['owner', details?.owner_account_id == null ? undefined : `account ${details.owner_account_id} (hosted number)`],
    [
      'discrepancy',
      details?.discrepancy == null ? undefined : (discrepancies[details.discrepancy] ?? details.discrepancy),
    ],
  ];
  return rows.flatMap(([title, text]) => (text === undefined ? [] : [[title, text]]));
}

const discrepancies: Readonly<Record<string, string>> = {
  'no details': 'in service, but the number details omit it',
  'other status': 'in service, but the number details give it another status',
};

function describeAbsence(left: Entry | null): string {
  if (left?.until == null) return 'not in the account';
  return `not in the account since ${dayOf(left.until)}${withOrder(left.end_order_id)}`;
}

function describeCount(counted: AccountState['counted']): string {
  if (counted === null) return 'not counted';
  if (counted.counted_in !== counted.account_id) return `counted in account ${counted.counted_in}`;
  return counted.category ?? `left out: ${counted.left_out}`;
}

function describePlace({ rate_center, city, state, lata }: NonNullable<AccountState['details']>): string | undefined {
  const parts = [rate_center, city === rate_center ? null : city, state, lata === null ? null : `LATA ${lata}`];
  return parts.some((part) => part !== null) ? parts.filter((part) => part !== null).join(', ') : undefined;
}

/** From this width on, orders have a column of their own. */
const wide = 110;

function formatEntries(
  entries: readonly Entry[],
  { width, states }: { width: number | undefined; states: readonly AccountState[] },
): string {
  const hasAccounts = states.length > 1;
  const hasOrders = width === undefined || width >= wide;
  const titles = ['from', 'until', ...(hasAccounts ? ['account'] : []), ...(hasOrders ? ['order'] : []), 'what'];
  const rows = entries.map((entry) => [
    dayOf(entry.at),
    entry.until === null ? '' : dayOf(entry.until),
    ...(hasAccounts ? [entry.account_id] : []),
    ...(hasOrders ? [entry.order_id ?? ''] : []),
    describeEntry(entry, hasOrders),
  ]);
  return formatTable(titles, rows, { width });
}

function describeEntry(entry: Entry, hasOrders: boolean): string {
  return [
    entry.what,
    hasOrders ? '' : withOrder(entry.order_id),
    entry.end_order_id === null ? '' : `, ended by order ${entry.end_order_id}`,
    entry.user_id === null ? '' : `, user ${entry.user_id}`,
    entry.recorded_to === null
      ? ''
      : ` (in the ledger from ${formatMinute(entry.recorded_from)} to ${formatMinute(entry.recorded_to)})`,
  ].join('');
}

function withOrder(orderId: string | null): string {
  return orderId === null ? '' : `, order ${orderId}`;
}

function describeScope({ accounts, day, untilDay, knownAt }: TimelineOptions): string {
  return [
    describeAccounts(accounts),
    ...(untilDay ? [`as of the end of ${day} (UTC)`] : []),
    ...(knownAt === undefined ? [] : [`as recorded at ${knownAt}`]),
  ].join(', ');
}
