import { execFileSync, spawnSync } from 'node:child_process';
import test from 'ava';
import { metricsOf } from '../../src/monitoring/exposition.js';
import { onlyIf } from '../support/only-if.js';
import { command, everyFigure } from './support/figures.js';

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

const linesOf = (text: string) => text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

test('a process that stays up counts requests; a command that ended has gauges instead, and its exit status', async (t) => {
  const staying = linesOf(await metricsOf(everyFigure).metrics());
  t.true(staying.includes('tn_ledger_api_requests_total{account="1",status="none"} 1'));
  t.true(staying.includes('tn_ledger_api_rate_limit_wait_seconds_total{account="1"} 90'));
  t.true(staying.includes('tn_ledger_job_last_run_success{account="1",job_name="sync-orders"} 0'));
  const ended = linesOf(await metricsOf({ ...everyFigure, command }).metrics());
  t.true(ended.includes('tn_ledger_command_api_requests{account="1",status="200"} 8'));
  t.true(ended.includes('tn_ledger_command_exit_status 1'));
  t.deepEqual(
    ended.filter((line) => line.includes('_total')),
    [],
  );
});

test('without the database, only what the process knows is reported', async (t) => {
  const metrics = await metricsOf({ ...everyFigure, ledger: undefined, counts: undefined }).metrics();
  t.deepEqual([...new Set(linesOf(metrics).map((line) => line.split(/[{ ]/)[0]))].sort(), [
    'tn_ledger_api_rate_limit_wait_seconds_total',
    'tn_ledger_api_rate_limited_total',
    'tn_ledger_api_requests_total',
    'tn_ledger_build_info',
    'tn_ledger_up',
  ]);
  t.true(metrics.includes('\ntn_ledger_up 0\n'));
});

test('a nightly run that never succeeded is reported as 0, so that it is stale; a job that never ran is not reported', async (t) => {
  const never = { succeeded_at: null, finished_at: null, succeeded: null, seconds: null };
  const counts = { pages: null, rows_read: null, rows_written: null, warnings: null };
  const jobs = ['nightly', 'sync-lidbs'].map((job) => ({ account: '2', job, ...never, ...counts }));
  const ledger = { jobs, queue: undefined, batches: [], outcomes: [] };
  const lines = linesOf(await metricsOf({ ...everyFigure, ledger }).metrics());
  t.deepEqual(
    lines.filter((line) => line.includes('job_name')),
    ['tn_ledger_job_last_success_timestamp_seconds{account="2",job_name="nightly"} 0'],
  );
});

onlyIf(
  test,
  hasPromtool,
  'needs promtool',
)('promtool has nothing to say about the metrics', async (t) => {
  for (const figures of [everyFigure, { ...everyFigure, command }]) {
    const input = await metricsOf(figures).metrics();
    t.is(execFileSync('promtool', ['check', 'metrics'], { input, encoding: 'utf8' }), '');
  }
});
