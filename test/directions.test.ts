import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { planNames } from '../jobs/names.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folders = ['src', 'jobs', 'migrations'];

/** Files directly in `src`, which may only import each other. */
const leaf = 'leaf';
const runs = ['sync', 'run', 'dashboard', 'stored-files', 'database', 'number-file', 'config', leaf];
/** The modules that each module may import in addition to itself. */
const directions: Record<string, readonly string[]> = {
  cli: [
    'alerts',
    'schedule',
    'monitoring',
    'upkeep',
    'backup',
    'sandbox',
    'jobs',
    'assignment',
    'billing',
    'nruf',
    'report',
    'timeline',
    ...runs,
  ],
  alerts: ['schedule', 'assignment', 'nruf', ...runs],
  schedule: ['jobs', 'assignment', 'billing', 'nruf', 'report', ...runs],
  monitoring: ['assignment', 'report', ...runs],
  upkeep: ['backup', 'assignment', 'billing', 'nruf', 'report', ...runs],
  backup: ['billing', ...runs],
  jobs: ['assignment', 'billing', 'nruf', 'report', ...runs],
  report: ['assignment', 'billing', 'nruf', ...runs],
  assignment: runs,
  billing: runs,
  nruf: runs,
  timeline: ['dashboard', 'database', leaf],
  sync: ['run', 'dashboard', 'database', 'number-file', 'config', leaf],
  run: ['dashboard', 'database', 'config', leaf],
  dashboard: ['config', leaf],
  database: ['migrations', 'config', leaf],
  'stored-files': ['database', 'number-file', leaf],
  'number-file': [leaf],
  config: [leaf],
  // Views over all order tables are generated from the resource descriptions.
  migrations: ['dashboard', leaf],
  sandbox: [leaf],
  [leaf]: [],
};
/** The only files that may start a sandbox. */
const sandboxCommands = ['src/cli/sandbox.ts', 'src/cli/run-demo.ts'];

/** Files discovered by listing their folder, and those of the jobs: no import has their name. */
const discovered = /^(?:src\/dashboard\/resources\/|src\/sandbox\/features\/|migrations\/\d{4}-)[\w-]+\.ts$/;
const isDiscovered = (file: string) => discovered.test(file) || planNames.some((name) => file === `jobs/${name}.ts`);

/** `src/run/job.ts` belongs to the module run, `jobs/nightly.ts` to jobs. */
function moduleOf(file: string): string {
  const [folder = '', room = ''] = file.split('/');
  if (folder !== 'src') return folder;
  if (room === 'config.ts') return 'config';
  return room.endsWith('.ts') ? leaf : room;
}

/** The program's files, each with the files it imports: values and types, statically or dynamically. */
function readImports(): Map<string, string[]> {
  const files = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => `${folder}/${name.replaceAll('\\', '/')}`),
  );
  return new Map(
    files.map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const paths = [...text.matchAll(/\b(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)\.js'/g)].map(([, path]) => path);
      return [file, [...new Set(paths.map((path) => posix.join(posix.dirname(file), `${path}.ts`)))]];
    }),
  );
}

const imports = readImports();

test('modules import only modules below them', (t) => {
  const offending: string[] = [];
  for (const [file, imported] of imports) {
    const room = moduleOf(file);
    t.true(Object.hasOwn(directions, room), `${file}: the module ${room} is not in the table of directions`);
    for (const other of imported) {
      const target = moduleOf(other);
      const isAllowed =
        room === target ||
        (directions[room]?.includes(target) && (target !== 'sandbox' || sandboxCommands.includes(file)));
      if (!isAllowed) offending.push(`${file} imports ${other}`);
    }
  }
  t.deepEqual(offending, []);
});

test('there are no import cycles', (t) => {
  const open: string[] = [];
  const done = new Set<string>();
  const cycles: string[] = [];
  function visit(file: string): void {
    if (open.includes(file)) cycles.push([...open.slice(open.indexOf(file)), file].join(' -> '));
    if (done.has(file)) return;
    done.add(file);
    open.push(file);
    for (const other of imports.get(file) ?? []) visit(other);
    open.pop();
  }
  for (const file of imports.keys()) visit(file);
  t.deepEqual(cycles, []);
});

test('every file of the program is reachable from the command line', (t) => {
  const used = new Set<string>();
  function visit(file: string): void {
    if (used.has(file)) return;
    used.add(file);
    for (const other of imports.get(file) ?? []) visit(other);
  }
  visit('src/cli/main.ts');
  for (const file of imports.keys()) if (isDiscovered(file)) visit(file);
  t.deepEqual(
    [...imports.keys()].filter((file) => !used.has(file)),
    [],
  );
});
