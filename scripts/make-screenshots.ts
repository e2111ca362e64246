import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';
import { type Picture, readPng, sideBySide, writePalettePng } from './palette-png.js';

/**
 * `npm run screenshots`: writes the pictures of the report in docs/, from the demo's data. It needs Chromium and
 * pdftoppm (Debian: `apt-get install chromium poppler-utils`).
 */

const chromiumPath = '/usr/bin/chromium';
const pagesShown = 3;

const run = promisify(execFile);
const main = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

async function makeReport(folder: string): Promise<string> {
  const env = { ...process.env, TN_LEDGER_DATA_DIR: folder };
  const options = { cwd: folder, maxBuffer: 64 * 1024 * 1024 };
  await run(process.execPath, [main, 'demo'], { ...options, env });
  const path = join(folder, 'report.html');
  // The demo has a data folder of its own, and one account.
  const demo = { ...env, TN_LEDGER_DATA_DIR: join(folder, 'demo') };
  const accounts = await run(
    process.execPath,
    [main, 'sql', 'select min(account_id) from telephone_numbers', '--csv'],
    {
      ...options,
      env: demo,
    },
  );
  const account = accounts.stdout.trim().split('\n').at(-1) as string;
  await run(process.execPath, [main, 'report', '--account', account, '--out', path], {
    ...options,
    env: demo,
  });
  return path;
}

interface View {
  name: string;
  width: number;
  height: number;
  colorScheme: 'light' | 'dark';
}

const views: readonly View[] = [
  { name: 'report', width: 1280, height: 800, colorScheme: 'light' },
  { name: 'report-phone', width: 400, height: 800, colorScheme: 'light' },
  { name: 'report-dark', width: 1280, height: 800, colorScheme: 'dark' },
];

async function takeScreenshot(browser: Browser, url: string, { width, height, colorScheme }: View): Promise<Picture> {
  const page = await browser.newPage({ viewport: { width, height }, colorScheme });
  await page.goto(url);
  const file = await page.screenshot();
  await page.close();
  return readPng(file);
}

/** The first pages as they are printed. */
async function takePages(browser: Browser, url: string, folder: string): Promise<Picture> {
  const page = await browser.newPage();
  await page.goto(url);
  const path = join(folder, 'report.pdf');
  await page.pdf({ path, format: 'Letter', preferCSSPageSize: true });
  await page.close();
  await run('pdftoppm', ['-png', '-r', '60', '-l', String(pagesShown), path, join(folder, 'page')]);
  const names = (await readdir(folder)).filter((name) => /^page-\d+\.png$/.test(name)).sort();
  const pages = await Promise.all(names.map(async (name) => readPng(await readFile(join(folder, name)))));
  return sideBySide(pages, { margin: 12, gray: 0x99 });
}

async function save(name: string, picture: Picture): Promise<void> {
  const path = `docs/${name}.png`;
  const file = writePalettePng(picture);
  await writeFile(path, file);
  console.log(`${path}: ${picture.width} × ${picture.height}, ${Math.ceil(file.length / 1024)} KB`);
}

async function checkTools(): Promise<void> {
  const missing = existsSync(chromiumPath) ? [] : [`Chromium (${chromiumPath})`];
  await run('pdftoppm', ['-v']).catch(() => missing.push('pdftoppm'));
  if (missing.length === 0) return;
  console.error(
    `Missing: ${missing.join(', ')}. Nothing was changed.\nInstall: apt-get install chromium poppler-utils`,
  );
  process.exit(1);
}

await checkTools();
const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-screenshots-'));
try {
  const url = pathToFileURL(await makeReport(folder)).href;
  const browser = await chromium.launch({ executablePath: chromiumPath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    for (const view of views) await save(view.name, await takeScreenshot(browser, url, view));
    await save('report-print', await takePages(browser, url, folder));
  } finally {
    await browser.close();
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
