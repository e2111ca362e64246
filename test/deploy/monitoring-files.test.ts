import { execFileSync, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { parse } from 'yaml';
import { metricsOf } from '../../src/monitoring/exposition.js';
import { command, everyFigure } from '../monitoring/support/figures.js';
import { onlyIf } from '../support/only-if.js';

const rulesFile = 'deploy/prometheus/alerts.yml';
const dashboardFile = 'deploy/grafana/dashboard.json';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

const readRules = async (): Promise<Rule[]> =>
  parse(await readFile(rulesFile, 'utf8')).groups.flatMap(({ rules }: { rules: Rule[] }) => rules);

interface Panel {
  title: string;
  targets: { expr: string }[];
}

/** The metrics that exist, with their labels. */
async function knownMetrics(): Promise<Map<string, Set<string>>> {
  const process = new Registry();
  collectDefaultMetrics({ register: process });
  const known = new Map<string, Set<string>>();
  for (const registry of [metricsOf(everyFigure), metricsOf({ ...everyFigure, command }), process]) {
    for (const { name, values } of await registry.getMetricsAsJSON()) {
      known.set(name, new Set(values.flatMap(({ labels }) => Object.keys(labels))));
    }
  }
  return known;
}

/** Metrics that Prometheus adds itself. */
const ofPrometheus = ['instance', 'job'];

test('every metric and label in the alerting rules and the dashboard exists', async (t) => {
  const { panels } = JSON.parse(await readFile(dashboardFile, 'utf8')) as { panels: Panel[] };
  const expressions = [
    ...(await readRules()).map(({ alert, expr }) => [alert, expr] as const),
    ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ];
  t.true(expressions.length > 25);
  const known = await knownMetrics();
  for (const [where, expr] of expressions) {
    const names = [...expr.matchAll(/\b(?:tn_ledger|process|nodejs)_\w+/g)].map(([name]) => name);
    t.true(names.length > 0, where);
    for (const name of names) t.true(known.has(name), `${where}: ${name}`);
    const labels = [
      ...[...expr.matchAll(/(\w+)\s*(?:=~|!~|!=|=(?!=))/g)].map(([, label]) => label as string),
      ...[...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) => list.split(', ')),
    ];
    const possible = new Set([...names.flatMap((name) => [...(known.get(name) ?? [])]), ...ofPrometheus]);
    for (const label of labels) t.true(possible.has(label), `${where}: label ${label}`);
  }
});

test('every metric of the ledger is on the dashboard or in a rule', async (t) => {
  const text = (await readFile(dashboardFile, 'utf8')) + (await readFile(rulesFile, 'utf8'));
  const spare = new Set(['tn_ledger_build_info', 'tn_ledger_job_last_run_timestamp_seconds']);
  const unused = [...(await knownMetrics()).keys()].filter(
    (name) => /^tn_ledger_(?!command_api)/.test(name) && !spare.has(name) && !text.includes(name),
  );
  t.deepEqual(unused, []);
});

test('every rule has a severity and says what to do', async (t) => {
  for (const { alert, labels, annotations } of await readRules()) {
    t.regex(labels.severity, /^(?:critical|warning)$/, alert);
    t.regex(annotations.description, /\.$/, alert);
    t.not(annotations.summary, '', alert);
  }
});

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

onlyIf(
  test,
  hasPromtool,
  'needs promtool',
)('promtool accepts the alerting rules', (t) => {
  t.regex(execFileSync('promtool', ['check', 'rules', rulesFile], { encoding: 'utf8' }), /SUCCESS: \d+ rules found/);
});

onlyIf(
  test,
  hasPromtool,
  'needs promtool',
)('a stale ledger and a job that keeps failing raise one alert per account, whichever process reports them', (t) => {
  const { status, stdout, stderr } = spawnSync('promtool', ['test', 'rules', 'test/deploy/alert-cases.yml'], {
    encoding: 'utf8',
  });
  t.is(status, 0, stdout + stderr);
});
