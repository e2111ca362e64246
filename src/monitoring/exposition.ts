import { Counter, Gauge, Registry } from 'prom-client';
import { version } from '../version.js';
import type { AccountUsage } from './api-usage.js';
import type { Counts } from './counts.js';
import type { LedgerFigures } from './ledger-figures.js';

/** What the metrics are made of. */
export interface Figures {
  /** Undefined: the database could not be read. */
  ledger: LedgerFigures | undefined;
  counts: Counts | undefined;
  usage: ReadonlyMap<string, AccountUsage>;
  /** Of a command that has ended, for the textfile collector; undefined: of a process that stays up. */
  command?: { endedAt: Date; status: number };
}

/**
 * The metrics of the ledger and of the process's API requests. A new registry for each set of figures: an account or a status
 * that is gone leaves no series behind.
 *
 * Labels have few values: accounts, jobs, order tables, statuses. The label of jobs is `job_name`, because Prometheus itself
 * sets `job`.
 */
export function metricsOf({ ledger, counts, usage, command }: Figures): Registry {
  const registry = new Registry();
  const gauge = <Label extends string>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge({ name: `tn_ledger_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  gauge('up', 'Whether the database could be read: 1 or 0.').set(ledger === undefined ? 0 : 1);
  gauge('build_info', 'The version of tn-ledger; always 1.', ['version']).set({ version }, 1);
  addJobs(gauge, ledger?.jobs ?? []);
  addLedger(gauge, ledger);
  addCounts(gauge, counts);
  if (command === undefined) addUsage(registry, usage);
  else addCommand(gauge, usage, command);
  return registry;
}

type MakeGauge = <Label extends string>(name: string, help: string, labelNames?: readonly Label[]) => Gauge<Label>;

const ofJob = ['account', 'job_name'] as const;

function addJobs(gauge: MakeGauge, jobs: LedgerFigures['jobs']): void {
  const success = gauge('job_last_success_timestamp_seconds', 'When the job last succeeded; 0: never.', ofJob);
  const ended = gauge('job_last_run_timestamp_seconds', 'When the last run of the job ended.', ofJob);
  const succeeded = gauge(
    'job_last_run_success',
    'Whether the last run of the job that ended succeeded: 1 or 0.',
    ofJob,
  );
  const seconds = gauge('job_last_run_duration_seconds', 'How long the last run of the job took.', ofJob);
  const pages = gauge('job_last_run_pages', 'Pages that the last run of the job read from the API.', ofJob);
  const read = gauge('job_last_run_rows_read', 'Rows on those pages.', ofJob);
  const written = gauge('job_last_run_rows_written', 'Rows that the last run of the job wrote to the ledger.', ofJob);
  const warnings = gauge('job_last_run_warnings', 'Warnings of the last run of the job.', ofJob);
  for (const job of jobs) {
    const labels = { account: job.account, job_name: job.job };
    // A nightly run that never succeeded is an alert; a job that this account doesn't use is none.
    if (job.succeeded_at !== null || job.finished_at !== null || job.job === 'nightly') {
      success.set(labels, job.succeeded_at ?? 0);
    }
    if (job.finished_at === null) continue;
    ended.set(labels, job.finished_at);
    succeeded.set(labels, job.succeeded === true ? 1 : 0);
    seconds.set(labels, job.seconds ?? 0);
    pages.set(labels, job.pages ?? 0);
    read.set(labels, job.rows_read ?? 0);
    written.set(labels, job.rows_written ?? 0);
    warnings.set(labels, job.warnings ?? 0);
  }
}

function addLedger(gauge: MakeGauge, ledger: LedgerFigures | undefined): void {
  const queue = gauge('queue_runs', 'Planned nightly runs that wait for a worker or are in progress, on all hosts.', [
    'state',
  ]);
  if (ledger?.queue !== undefined) {
    queue.set({ state: 'waiting' }, ledger.queue.waiting);
    queue.set({ state: 'running' }, ledger.queue.running);
  }
  const batches = gauge(
    'assignment_batches',
    'Assignment batches that are open, or rejected as a whole and not acknowledged.',
    ['account', 'status'],
  );
  for (const { account, open, rejected } of ledger?.batches ?? []) {
    batches.set({ account, status: 'open' }, open);
    batches.set({ account, status: 'rejected' }, rejected);
  }
  const numbers = gauge(
    'assignment_recent_numbers',
    'Numbers of the assignment batches that ended within the last 24 hours, by outcome.',
    ['account', 'outcome'],
  );
  for (const { account, ...outcomes } of ledger?.outcomes ?? []) {
    for (const [outcome, count] of Object.entries(outcomes)) numbers.set({ account, outcome }, count);
  }
}

function addCounts(gauge: MakeGauge, counts: Counts | undefined): void {
  const numbers = gauge('numbers', 'Telephone numbers in the ledger by status, after the last run that read them.', [
    'account',
    'status',
  ]);
  for (const { account, status, count } of counts?.numbers ?? []) numbers.set({ account, status }, count);
  const backlog = gauge('details_backlog', 'Orders whose details were never read or are out of date, by table.', [
    'account',
    'table',
  ]);
  for (const { account, table, count } of counts?.backlog ?? []) backlog.set({ account, table }, count);
}

function addUsage(registry: Registry, usage: Figures['usage']): void {
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `tn_ledger_api_${name}`, help, labelNames: [...labelNames], registers: [registry] });
  const requests = counter(
    'requests_total',
    'API requests of this process, by status of the response; none: no complete response.',
    ['account', 'status'],
  );
  const limited = counter('rate_limited_total', 'API responses 429 to this process.', ['account']);
  const waited = counter('rate_limit_wait_seconds_total', 'Seconds that responses 429 paused requests.', ['account']);
  for (const [account, each] of usage) {
    for (const [status, count] of each.requests) requests.inc({ account, status }, count);
    limited.inc({ account }, each.rateLimited);
    waited.inc({ account }, each.waitSeconds);
  }
}

/** Gauges, because each command starts from zero: Prometheus would take the difference between two commands for an increase. */
function addCommand(
  gauge: MakeGauge,
  usage: Figures['usage'],
  { endedAt, status }: NonNullable<Figures['command']>,
): void {
  gauge('command_end_timestamp_seconds', 'When the command that wrote this file ended.').set(endedAt.getTime() / 1000);
  gauge('command_exit_status', 'Exit status of that command.').set(status);
  const requests = gauge('command_api_requests', 'API requests of that command, by status of the response.', [
    'account',
    'status',
  ]);
  const limited = gauge('command_api_rate_limited', 'API responses 429 to that command.', ['account']);
  const waited = gauge('command_api_rate_limit_wait_seconds', 'Seconds that they paused requests.', ['account']);
  for (const [account, each] of usage) {
    for (const [name, count] of each.requests) requests.set({ account, status: name }, count);
    limited.set({ account }, each.rateLimited);
    waited.set({ account }, each.waitSeconds);
  }
}
