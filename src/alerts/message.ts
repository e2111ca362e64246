import { formatCount, formatDuration, formatMinute } from '../format.js';
import { groupBy } from '../group-by.js';
import { fixOf } from '../run/fix.js';
import type { Problem } from './problem.js';

/** A message to the operators. */
export interface Message {
  event: 'failure' | 'recovery' | 'digest' | 'test';
  /** One line. */
  title: string;
  /** The whole message without its title, as plain text. */
  body: string;
  /** For a failure or a recovery: the runs that it is about. */
  problems?: readonly ProblemFacts[];
}

/** A failed run, as in the JSON body of a webhook. */
export interface ProblemFacts {
  account: string;
  label: string | null;
  job: string;
  /** When the first run failed that none succeeded after. */
  since: string;
  error: string | null;
  fix: string | null;
  /** What is as old as `data_as_of`: names of tables, or `all tables`. */
  tables: readonly string[];
  /** When the job last succeeded; null: never. */
  data_as_of: string | null;
  next_attempt_at: string | null;
}

/** How many runs and errors a message lists. Webhooks limit the size of a message. */
const mostListed = 20;
/** How many characters of an error or a fix a message quotes. */
const mostQuoted = 600;

export interface Names {
  /** An account for a reader: its ID, with its label if it has one. */
  titleOf(account: string): string;
  labelOf(account: string): string | undefined;
}

const sharedTitles: Readonly<Record<string, string>> = {
  UnavailableError: 'the Dashboard API is not available',
  ClockError: 'a clock is wrong',
  OutageError: 'the database is not available',
};

/** Causes that concern every account: further accounts that fail for them are no news. */
export function isShared(cause: string): boolean {
  return cause in sharedTitles;
}

/** The message that runs fail. All of them have the same topic. */
export function failureMessage(topic: string, problems: readonly Problem[], names: Names, now: Date): Message {
  const shared = sharedTitles[topic];
  const since = new Date(Math.min(...problems.map((problem) => problem.since.getTime())));
  const title = `${shared === undefined ? '' : `${shared}: `}${whatOf(problems, names)} failing since ${formatMinute(since)}`;
  const groups = [...groupBy(problems, (problem) => (shared === undefined ? kindOf(problem) : '')).values()];
  const blocks = groups.slice(0, mostListed).map((group) => describeGroup(group, names, now));
  const unlisted = groups.slice(mostListed).flat().length;
  if (unlisted > 0) blocks.push(`And ${formatCount(unlisted)} more: tn-ledger status`);
  return { event: 'failure', title, body: blocks.join('\n\n'), problems: problems.map((each) => factsOf(each, names)) };
}

export type RecoveredRun = Pick<Problem, 'account' | 'job' | 'since'>;

/** The message that runs succeed again that failed. */
export function recoveryMessage(runs: readonly RecoveredRun[], names: Names): Message {
  const lines = runs
    .slice(0, mostListed)
    .map(({ job, account, since }) => `- ${describeRun({ job, account }, names)}: failed since ${formatMinute(since)}`);
  if (runs.length > mostListed) lines.push(`- and ${formatCount(runs.length - mostListed)} more: tn-ledger status`);
  return {
    event: 'recovery',
    title: `recovered: ${whatOf(runs, names)} working again`,
    body: `${lines.join('\n')}\nNothing needs to be done.`,
    problems: runs.map((run) =>
      factsOf({ ...run, error: null, hint: null, tables: [], lastSuccess: null, nextAttempt: null }, names),
    ),
  };
}

/** `sync-orders of account 1 (West) is`, or `28 jobs of 2 accounts are`. */
function whatOf(runs: readonly Pick<Problem, 'account' | 'job'>[], names: Names): string {
  const [first] = runs;
  if (runs.length === 1 && first !== undefined) return `${describeRun(first, names)} is`;
  const accounts = [...new Set(runs.map(({ account }) => account))];
  const whose =
    accounts.length === 1 ? `account ${names.titleOf(accounts[0] as string)}` : `${accounts.length} accounts`;
  return `${formatCount(runs.length)} jobs of ${whose} are`;
}

function describeRun({ job, account }: Pick<Problem, 'account' | 'job'>, { titleOf }: Names): string {
  return account === '' ? job : `${job} of account ${titleOf(account)}`;
}

/** Equal for problems that differ only in the account, in counts and in durations. */
function kindOf({ account, error, hint }: Problem): string {
  return `${error}\n${hint}`.replaceAll(account || '\0', '#').replace(/\d+/g, '#');
}

/** The error and the fix of problems that share them, and what each means for the data. */
function describeGroup(problems: readonly Problem[], names: Names, now: Date): string {
  const [first] = problems as [Problem];
  const lines = [...(first.error === null ? [] : [quoted(first.error)])];
  for (const problem of problems.slice(0, mostListed)) {
    lines.push(`- ${describeRun(problem, names)}${describeData(problem, now)}`);
  }
  if (problems.length > mostListed)
    lines.push(`- and ${formatCount(problems.length - mostListed)} more: tn-ledger status`);
  const attempts = problems.flatMap(({ nextAttempt }) => (nextAttempt === null ? [] : [nextAttempt.getTime()]));
  const next = Math.min(...attempts.filter((time) => time > now.getTime()));
  if (Number.isFinite(next))
    lines.push(`It is tried again by itself, the next time at ${formatMinute(new Date(next))}.`);
  const fix = fixOfGroup(problems);
  if (fix !== null) lines.push(`Fix: ${quoted(fix)}`);
  return lines.join('\n');
}

function fixOfGroup(problems: readonly Problem[]): string | null {
  const [first] = problems as [Problem];
  if (first.account === '') return first.hint;
  const accounts = new Set(problems.map(({ account }) => account));
  const job = problems.length === 1 ? first.job : 'nightly';
  return fixOf(first.hint, `tn-ledger run ${job}${accounts.size === 1 ? ` --account ${first.account}` : ''}`);
}

function describeData({ account, tables, lastSuccess }: Problem, now: Date): string {
  if (account === '') return ': nothing is loaded until it works again';
  if (tables.length === 0) return '';
  const what = tables.join(', ');
  if (lastSuccess === null) return `: ${what} never loaded completely`;
  const age = formatDuration(Math.max(0, now.getTime() - lastSuccess.getTime()) / 1000);
  return `: ${what} as of ${formatMinute(lastSuccess)}, ${age} old`;
}

function quoted(text: string): string {
  return text.length <= mostQuoted ? text : `${text.slice(0, mostQuoted)}… (in full: tn-ledger status)`;
}

function factsOf(
  { account, job, since, error, hint, tables, lastSuccess, nextAttempt }: Omit<Problem, 'cause' | 'topic' | 'isHeld'>,
  { labelOf }: Names,
): ProblemFacts {
  return {
    account,
    label: labelOf(account) ?? null,
    job,
    since: since.toISOString(),
    error,
    fix: error === null || account === '' ? hint : fixOf(hint, `tn-ledger run ${job} --account ${account}`),
    tables,
    data_as_of: lastSuccess?.toISOString() ?? null,
    next_attempt_at: nextAttempt?.toISOString() ?? null,
  };
}
