import type { Registry } from 'prom-client';
import { readSchemaState } from '../database/migrations.js';
import { LedgerError, messageOf } from '../errors.js';
import { formatMinute } from '../format.js';
import type { Redact } from '../redact.js';
import { html } from '../report/html.js';
import type { AccountUsage } from './api-usage.js';
import { metricsOf } from './exposition.js';
import type { LedgerReader } from './ledger-reader.js';
import {
  type LatestReport,
  listLatestReports,
  listReportFiles,
  readLatestReport,
  readReportFile,
} from './report-files.js';
import { type Answer, text } from './server.js';

export interface PagesOptions {
  reader: LedgerReader;
  dataDir: string;
  usage: () => ReadonlyMap<string, AccountUsage>;
  /** Metrics of the process itself: memory, processor time. */
  processMetrics: Registry;
  /** Applied to errors that are shown. */
  redact: Redact;
  /** Whether the process was asked to stop. */
  isStopping: () => boolean;
}

/** Returns the function that answers requests by their path. */
export function createPages(options: PagesOptions): (path: string) => Promise<Answer | undefined> {
  const { reader, dataDir, usage, processMetrics, redact, isStopping } = options;
  const reasonOf = (error: unknown) => redact(messageOf(error));
  /** What needs the database is unavailable without it. */
  const fromDatabase = async (answer: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await answer();
    } catch (error) {
      const hint = error instanceof LedgerError && error.hint !== undefined ? `\n${redact(error.hint)}` : '';
      return text(503, `The report can't be read from the database: ${reasonOf(error)}${hint}`);
    }
  };
  const pages: Record<string, () => Promise<Answer>> = {
    '/healthz': async () => health(await problemsOf(() => reader.read((client) => client.query('select 1')))),
    '/readyz': async () => health(isStopping() ? ['the process is stopping'] : await problemsOf(checkSchema)),
    async '/metrics'() {
      const ledger = await reader.figures();
      const registry = metricsOf({ ledger, counts: ledger && reader.counts(), usage: usage() });
      const body = `${await registry.metrics()}${await processMetrics.metrics()}`;
      return { status: 200, type: registry.contentType, body };
    },
    '/': () =>
      fromDatabase(async () => {
        const latest = await reader.read(listLatestReports);
        const [only] = latest;
        if (only !== undefined && latest.length === 1) return latestReport(only.account);
        return page('tn-ledger', latestList(latest));
      }),
    '/reports': () => reports(),
    '/reports/': () => reports(),
  };
  const reports = async (): Promise<Answer> => {
    const latest = await reader
      .read(listLatestReports)
      .then(latestList, (error: unknown) => html`<p>The database can't be read: ${reasonOf(error)}</p>`);
    const files = await listReportFiles(dataDir);
    return page(
      'Reports',
      html`${latest}
<h2>Written by this host</h2>
${files.length === 0 ? html`<p>None.</p>` : html`<ul>${files.map((name) => html`<li><a href="/reports/${name}">${name}</a></li>`)}</ul>`}`,
    );
  };

  const latestReport = async (account: string): Promise<Answer> => {
    const report = await reader.read((client) => readLatestReport(client, account));
    return report === undefined ? text(404, 'There is no report of this account.') : asHtml(report);
  };
  const problemsOf = async (check: () => Promise<unknown>): Promise<string[]> => {
    try {
      await check();
      return [];
    } catch (error) {
      return [reasonOf(error)];
    }
  };
  const checkSchema = async () => {
    const { pending } = await reader.use(readSchemaState);
    if (pending.length > 0) throw new LedgerError('The schema is not up to date. `tn-ledger migrate` updates it.');
  };

  return async (path) => {
    if (Object.hasOwn(pages, path)) return pages[path]?.();
    const [, account] = /^\/reports\/latest\/([^/]+)$/.exec(path) ?? [];
    if (account !== undefined) return fromDatabase(() => latestReport(account));
    const [, name] = /^\/reports\/([^/]+)$/.exec(path) ?? [];
    if (name === undefined) return undefined;
    const file = await readReportFile(dataDir, name);
    return file && asHtml(file);
  };
}

function health(found: readonly string[]): Answer {
  const body = `${JSON.stringify({ status: found.length === 0 ? 'ok' : 'failing', problems: found })}\n`;
  return { status: found.length === 0 ? 200 : 503, type: 'application/json', body };
}

function asHtml(body: Buffer | string): Answer {
  return { status: 200, type: 'text/html', body };
}

function latestList(latest: readonly LatestReport[]) {
  if (latest.length === 0) return html`<p>There is no report yet. Every nightly run writes one.</p>`;
  return html`<h2>Latest report of each account</h2>
<ul>${latest.map(
    ({ account, created_at }) =>
      html`<li><a href="/reports/latest/${encodeURIComponent(account)}">Account ${account}</a>, ${formatMinute(created_at)}</li>`,
  )}</ul>`;
}

async function page(title: string, content: ReturnType<typeof html>): Promise<Answer> {
  const document = await html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title>
<link rel="icon" href="data:,"><style>body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 50rem; padding: 0 1rem }</style></head>
<body>
<h1>${title}</h1>
${content}
<p><a href="/reports/">Reports</a> · <a href="/metrics">Metrics</a> · <a href="/healthz">Health</a></p>
</body>
</html>
`;
  return asHtml(String(document));
}
