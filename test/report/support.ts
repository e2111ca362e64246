import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Ledger } from '../sync/support/ledger.js';

/** The names of the reports in the data folder, oldest first, and the text of the last one. */
export async function readReports(ledger: Pick<Ledger, 'dataDir'>): Promise<{ names: string[]; last: string }> {
  const folder = join(ledger.dataDir, 'reports');
  const names = (await readdir(folder)).sort();
  return { names, last: await readFile(join(folder, names.at(-1) as string), 'utf8') };
}

/** Runs `nightly` and asserts that it succeeds. */
export async function runNightly(t: ExecutionContext<unknown>, ledger: Ledger): Promise<void> {
  const report = await ledger.run('nightly');
  t.is(report.result, 'succeeded', report.error?.message);
}

export const unescaped = (text: string) =>
  text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');

export const textOf = (html: string) =>
  html
    .replace(/<style>.*<\/style>/s, '')
    .replace(/<[^>]*>/g, ' ')
    .replace(/\s+/g, ' ');

/** The SQL that the report shows. */
export const statementsOf = (html: string) =>
  [...html.matchAll(/<pre tabindex="0"><code>([\s\S]*?)<\/code>/g)].map(([, sql = '']) => unescaped(sql));

/** The cells of a table's body, row by row. */
export function cellsOf(html: string, id: string): string[][] {
  const [, body = ''] = new RegExp(`<table id="${id}">.*?<tbody>(.*?)</tbody>`, 's').exec(html) ?? [];
  return [...body.matchAll(/<tr>(.*?)<\/tr>/gs)].map(([, row = '']) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/gs)].map(([, cell = '']) => unescaped(textOf(cell)).trim()),
  );
}
