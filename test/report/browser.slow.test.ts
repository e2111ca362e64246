import { mkdir, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import test from 'ava';
import type { Browser } from 'playwright-core';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { account, openLedger } from '../sync/support/ledger.js';
import {
  brokenWordsOf,
  cellsOf,
  idsOf,
  installedChromium,
  lowContrastTextsOf,
  overflowOf,
  startChromium,
} from './chromium.js';
import { readReports, runNightly } from './support.js';

let server: TestServer;
let browser: Browser | undefined;

/** Numbers, additions and removals, the map, rate centers, ages of port-ins. */
const charts = 5;

const inChromium = onlyIf(test, installedChromium !== undefined, 'needs Chromium');

test.before(async () => {
  server = await startPostgres();
  if (installedChromium !== undefined) browser = await startChromium(installedChromium);
});
test.after.always(async () => {
  await browser?.close();
  await server?.stop();
});

/** Puts a file of numbers into the inbox, old enough to count as completely written. */
async function submitFile(dataDir: string, numbers: readonly string[]): Promise<void> {
  const folder = join(dataDir, 'inbox', 'assign');
  await mkdir(folder, { recursive: true });
  const path = join(folder, 'numbers.csv');
  await writeFile(path, `${numbers.join('\n')}\n`);
  const time = new Date(Date.now() - 60_000);
  await utimes(path, time, time);
}

inChromium('in Chromium, the report loads nothing, has charts, matches SQL and fits a phone', async (t) => {
  const ledger = await openLedger(t, server, {
    sandbox: { numbers: 1500, seed: 11, orders: 60, disconnects: 20, portins: 15, portouts: 8, assignments: 12 },
  });
  await runNightly(t, ledger);
  const numbers = [...ledger.sandbox.account(account).numbers()].map(({ telephoneNumber }) => telephoneNumber);
  await submitFile(ledger.dataDir, [...numbers.slice(0, 200), 'no number', '2015550199']);
  ledger.sandbox.account(account).churn(120, 5);
  await runNightly(t, ledger);
  const { names } = await readReports(ledger);
  const path = join(ledger.dataDir, 'reports', names.at(-1) as string);

  const context = await (browser as Browser).newContext({ viewport: { width: 1280, height: 900 } });
  t.teardown(() => context.close());
  const page = await context.newPage();
  const messages: string[] = [];
  const requests: string[] = [];
  page.on('console', (message) => messages.push(message.text()));
  page.on('pageerror', (error) => messages.push(error.message));
  page.on('request', (request) => requests.push(request.url()));
  const url = pathToFileURL(path).href;
  await page.goto(url);
  t.deepEqual(messages, []);
  t.deepEqual(
    requests.filter((each) => each !== 'data:,'),
    [url],
  );

  // The structure that screen readers use.
  t.is(await page.locator('html').getAttribute('lang'), 'en');
  t.is(await page.locator('h1').count(), 1);
  for (const table of await page.locator('table').all()) {
    t.true(((await table.locator('caption').textContent()) ?? '') !== '');
    t.is(await table.locator('thead th:not([scope=col]), tbody th:not([scope=row])').count(), 0);
    t.is(await table.locator('tbody tr').count(), await table.locator('tbody tr > th:first-child').count());
  }
  for (const link of await page.locator('nav a, .figures a').all())
    t.is(await page.locator(`h2${await link.getAttribute('href')}`).count(), 1);
  t.is(await page.locator('figure').count(), charts);
  t.is(await page.getByRole('img').count(), charts, 'each chart once, without images inside it');
  for (const chart of await page.getByRole('img').all()) {
    t.regex((await chart.getAttribute('aria-label')) ?? '', /chart: .+ The following table has the numbers\.$/);
    const box = await chart.boundingBox();
    t.true((box?.width ?? 0) > 400 && (box?.height ?? 0) > 30);
  }
  const ids = await idsOf(page);
  t.is(new Set(ids).size, ids.length);

  const grouped = (value: unknown) => Number(value).toLocaleString('en-US');
  const columns = [
    'numbers_received',
    'assigned',
    'intermediate',
    'reserved',
    'aging',
    'administrative',
    'available',
    'undeclared',
  ];
  const utilization = (by: string) =>
    ledger.query(
      `select ${by}, ${columns.map((name) => `sum(${name}) as ${name}`).join(', ')}, round(sum(assigned) * 100.0 / sum(numbers_received), 2) as percent
         from nruf_utilization((now() at time zone 'UTC')::date, '${account}') group by ${by}`,
    );
  const states = (await utilization('state')).map((row) => [
    String(row.state ?? 'unknown'),
    ...columns.map((name) => grouped(row[name])),
    `${row.percent}%`,
  ]);
  const shown = await cellsOf(page, 'states');
  t.true(shown.length > 5 && shown.some(([, , assigned]) => assigned !== '0'));
  t.is(shown.length, Math.min(25, states.length));
  const expected = states.map((row) => row.join('|'));
  for (const row of shown) t.true(expected.includes(row.join('|')), row.join('|'));
  const tiles = await page.locator('.tiles .tile:not(.none)').allTextContents();
  const known = states.filter(([state]) => state !== 'unknown');
  t.deepEqual(
    tiles.sort(),
    known.map(([state, ...counts]) => `${state}${Math.floor(Number.parseFloat(counts.at(-1) as string))}%`).sort(),
  );

  const centers = new Set(
    (await utilization('rate_center, state')).map((row) =>
      [row.rate_center ?? 'unknown', row.state ?? 'unknown', ...columns.map((name) => grouped(row[name]))].join('|'),
    ),
  );
  const shownCenters = await cellsOf(page, 'rate-centers');
  t.is(shownCenters.length, Math.min(25, centers.size));
  for (const row of shownCenters) t.true(centers.has(row.slice(0, -1).join('|')), row.join('|'));

  const months = await cellsOf(page, 'months');
  t.is(months.length, 25);
  for (const [day, , , , received, assigned] of [months[0], months[6], months[24]] as string[][]) {
    const [sums] = await ledger.query(
      'select coalesce(sum(numbers_received), 0) as received, coalesce(sum(assigned), 0) as assigned from nruf_utilization($1, $2)',
      [day, account],
    );
    t.deepEqual([received, assigned], [grouped(sums?.received), grouped(sums?.assigned)], day);
  }

  const changes = await ledger.query(
    `select change, coalesce(order_kind, '') as kind, count(*) from night_changes group by 1, 2`,
  );
  t.true(changes.length > 3);
  const counts = await cellsOf(page, 'change-counts');
  t.deepEqual(
    counts.map(([change, , count]) => `${change} ${count}`).sort(),
    changes.map(({ change, count }) => `${change} ${grouped(count)}`).sort(),
  );
  const batches = await ledger.query(
    'select total_count, accepted_count, failed_count, rejected_count from assignment_batches order by batch_id desc',
  );
  t.deepEqual(
    (await cellsOf(page, 'batches')).map((row) => row.slice(4, 8)),
    batches.map((row) => Object.values(row).map(grouped)),
  );
  t.true((await cellsOf(page, 'batch-failures')).length > 0);
  const runs = await ledger.query(
    `select distinct on (job) job, pages, rows_read, rows_written, jsonb_array_length(warnings) as warnings from sync_runs
      where job not in ('nightly', 'write-report') order by job, started_at desc`,
  );
  const shownRuns = (await cellsOf(page, 'runs')).filter(([job = '']) => !['nightly', 'write-report'].includes(job));
  t.deepEqual(
    shownRuns.map((row) => [row[0], ...row.slice(5)]).sort(),
    runs
      .map((row) => [
        row.job,
        grouped(row.pages),
        grouped(row.rows_read),
        grouped(row.rows_written),
        grouped(row.warnings),
      ])
      .sort(),
  );

  for (const width of [1280, 400, 320]) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.setViewportSize({ width, height: 900 });
      await page.emulateMedia({ colorScheme });
      t.true((await overflowOf(page)) <= 0, `${await overflowOf(page)} pixels too wide at ${width}`);
      t.is(await page.getByRole('img').count(), charts);
      t.deepEqual(await lowContrastTextsOf(page), [], `${width} ${colorScheme}`);
      // For visual inspection.
      const folder = process.env.TN_LEDGER_TEST_SCREENSHOTS;
      if (folder !== undefined && width !== 320)
        await page.screenshot({ path: join(folder, `report-${width}-${colorScheme}.png`), fullPage: true });
    }
  }

  // On a phone, tables scroll with their first column in place.
  await page.setViewportSize({ width: 400, height: 900 });
  const placesOf = async () => {
    const [first, second] = await page.locator('#totals tbody tr > *').all();
    return [(await first?.boundingBox())?.x ?? 0, (await second?.boundingBox())?.x ?? 0] as const;
  };
  const before = await placesOf();
  await page.evaluate("document.querySelector('.scroll:has(#totals)').scrollBy(200, 0)");
  const after = await placesOf();
  t.is(after[0], before[0]);
  t.true(after[1] < before[1] - 100);

  // In print, folded tables are open, and no word is broken.
  await page.setViewportSize({ width: 710, height: 900 });
  await page.emulateMedia({ media: 'print', colorScheme: 'light' });
  t.true(await page.locator('details:not([open]) table').first().isVisible());
  t.true((await overflowOf(page)) <= 0);
  t.deepEqual(await brokenWordsOf(page), []);
  const pdf = (await page.pdf({ format: 'Letter', preferCSSPageSize: true })).toString('latin1');
  t.regex(pdf, /^%PDF-/);
  if (process.env.TN_LEDGER_TEST_SCREENSHOTS !== undefined)
    await page.pdf({ path: join(process.env.TN_LEDGER_TEST_SCREENSHOTS, 'report.pdf'), format: 'Letter' });
});
