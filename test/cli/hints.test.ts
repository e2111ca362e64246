import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import test from 'ava';
import { jobs } from '../../jobs/index.js';
import { buildProgram } from '../../src/cli/program.js';
import { findMentions } from './support/mentions.js';
import { filesBelow, type Text, textsOfLines, textsOfMarkdown, textsOfSources } from './support/texts.js';

const known = { program: await buildProgram(), jobs: jobs.map(({ name }) => name) };

const place = ({ file, line }: Text) => `${file}:${line}`;

/** The commands that print the messages of a source file, if that is unambiguous. */
const readers: readonly [file: RegExp, commands: readonly string[]][] = [
  [/^src\/cli\/run-jobs\./, ['run']],
  [/^src\/cli\/run-checks\./, ['check']],
  [/^src\/cli\/run-plan\./, ['plan']],
  [/^src\/cli\/(print-assignments|acknowledge-batch)\./, ['assignments']],
  [/^src\/cli\/format-batch\./, ['assign']],
  [/^src\/cli\/format-plan\./, ['reconcile']],
  [/^src\/cli\/submit-file\./, ['assign', 'reconcile']],
  [/^src\/cli\/format-submission\./, ['submit']],
  [/^src\/cli\/get-file\./, ['files']],
  [/^src\/cli\/sql-statement\./, ['sql']],
  [/^src\/cli\/read-classification\./, ['classify', 'submit']],
  [/^src\/cli\/(?:format-filing|run-filing)\./, ['nruf', 'filing']],
  [/^src\/cli\/run-filing-missing\./, ['filing']],
  [/^src\/cli\/output\./, ['filing', 'rnd']],
  [/^src\/cli\/day-options\./, ['nruf', 'audit', 'filing']],
  [/^src\/cli\/(?:aging-days|accounts-to-count)\./, ['nruf', 'audit', 'rnd']],
  [/^src\/cli\/choose-accounts\./, ['run', 'assign', 'billing']],
  [/^src\/cli\//, []],
  [/^src\/assignment\//, ['assign', 'reconcile']],
  [/^src\/number-file\//, ['assign', 'classify']],
  [/^src\/billing\//, ['billing']],
  [/^src\/nruf\/classify\./, ['classify']],
  [/^src\/nruf\/audit-checks\./, ['nruf', 'audit']],
  [/^src\/nruf\/(export|filings|scope)\./, ['nruf']],
  [/^src\/nruf\/(prepare|due|missing)\./, ['filing']],
  [/^src\/(report\/report-file|output-file)\./, ['report', 'nruf']],
  [/^src\/schedule\//, ['schedule']],
  [/^src\/report\/sections\/billing\./, ['idle']],
  [/^src\/backup\/restore\./, ['restore']],
  [/^src\/backup\//, ['backup']],
  [/^src\/upkeep\/prune\./, ['prune']],
  [/^src\/sandbox\//, ['sandbox']],
];

function commandsOf(file: string): readonly string[] {
  const own = /^src\/cli\/(?:(?:run|print)-)?([a-z]+)\.ts$/.exec(file)?.[1];
  if (own !== undefined && known.program.commands.some((command) => command.name() === own)) return [own];
  return readers.find(([pattern]) => pattern.test(file))?.[1] ?? [];
}

/** Files with options of other programs: PostgreSQL, V8, and CSS custom properties. */
const others = /^src\/(database\/embedded|cli\/memory\.|report\/style\.)/;

function optionsOf(commands: readonly string[]): Set<string | undefined> {
  const chosen = known.program.commands
    .filter((command) => commands.includes(command.name()))
    .flatMap((command) => [command, ...command.commands]);
  return new Set(['--help', '--version', ...chosen.flatMap(({ options }) => options.map(({ long }) => long))]);
}

test('every command, job and option in a message exists, and a bare option belongs to its command', async (t) => {
  const texts = [
    ...textsOfSources(['src', 'jobs', 'migrations']),
    ...(await textsOfLines(await filesBelow('migrations', '.sql'))),
  ];
  const problems: string[] = [];
  const examined = texts.map((text) => ({ text, found: findMentions(text.text, text.isCode, known) }));
  for (const { text, found } of examined) {
    problems.push(...found.problems.map((problem) => `${place(text)}: ${problem}`));
    if (found.bareOptions.length === 0 || others.test(text.file)) continue;
    const readBy = commandsOf(text.file);
    // A file may mention a command in full once and then refer to its option alone.
    const inFull = examined.filter((other) => other.text.file === text.file).flatMap((other) => other.found.options);
    const options = new Set([...optionsOf(readBy), ...inFull]);
    for (const option of found.bareOptions.filter((each) => !options.has(each))) {
      const why = readBy.length === 0 ? 'without its command' : `which is not an option of ${readBy.join(' or ')}`;
      problems.push(`${place(text)}: ${option} ${why}: write out the command`);
    }
  }
  const commands = examined.reduce((sum, { found }) => sum + found.commands, 0);
  t.true(commands > 30, `${commands} commands found`);
  t.deepEqual(problems, []);
});

test('every command, job and option in the documentation exists', async (t) => {
  const texts = [
    ...(await textsOfMarkdown(['README.md', ...(await filesBelow('docs', '.md'))])),
    ...(await textsOfLines(['.env.example'])),
  ];
  // Also those of the scripts that have options.
  const scriptFiles = ['bench/arguments.ts', 'test/crash/main.ts', 'test/fuzz/main.ts', 'scripts/reliability.ts'];
  const sources = (await Promise.all(scriptFiles.map((file) => readFile(file, 'utf8')))).join('\n');
  const everyOption = new Set([
    ...optionsOf(known.program.commands.map((command) => command.name())),
    ...(sources.match(/--[a-z]+/g) ?? []),
  ]);
  const { scripts, dependencies } = JSON.parse(await readFile('package.json', 'utf8'));
  // Of a package, or of a job.
  const names = [...Object.keys(dependencies), ...known.jobs];
  const problems: string[] = [];
  let commands = 0;
  for (const text of texts) {
    const found = findMentions(text.text, text.isCode, known);
    commands += found.commands;
    problems.push(...found.problems.map((problem) => `${place(text)}: ${problem}`));
    const isShell = /^(docker|npx (?:ava|knex)|curl|pg_dump|pg_restore|pgbackrest)\b/.test(text.text);
    for (const option of found.bareOptions) {
      if (!isShell && !everyOption.has(option)) problems.push(`${place(text)}: there is no option ${option}`);
    }
    for (const [, script = ''] of text.text.matchAll(/\bnpm run ([\w:]+)/g)) {
      if (!(script in scripts)) problems.push(`${place(text)}: there is no script ${script}`);
    }
    if (/^(sync|submit|fetch|prepare|write)(-[a-z]+)+$/.test(text.text) && !names.includes(text.text))
      problems.push(`${place(text)}: there is no job ${text.text}`);
  }
  t.true(commands > 30, `${commands} commands found`);
  t.deepEqual(problems, []);
});

test('every test that the documentation names exists', async (t) => {
  const named = new Set<string>();
  for (const file of ['README.md', ...(await filesBelow('docs', '.md'))]) {
    const text = await readFile(file, 'utf8');
    for (const [path] of text.matchAll(/\btest\/[\w/-]+(?:\.\w+)*\.(?:ts|js)\b/g)) named.add(path.replace(/js$/, 'ts'));
  }
  t.true(named.size > 20, `${named.size} tests found`);
  t.deepEqual(
    [...named].filter((path) => !existsSync(path)),
    [],
  );
});

for (const [text, problem] of [
  ['Try `tn-ledger run billing`.', 'there is no job billing'],
  ['tn-ledger run billing loads it.', 'there is no job billing'],
  ['Run `tn-ledger stauts`.', 'there is no command stauts'],
  ['Run it again: tn-ledger asign numbers.csv', 'there is no command asign'],
  ['`tn-ledger run nightly --acount 1`', 'run has no option --acount'],
  ['`tn-ledger assign a.csv --action ASIGN`', "assign --action can't be ASIGN: it is not one of its values"],
  ['`tn-ledger run nightly --since`', 'run --since lacks its value'],
  ['`tn-ledger status now`', 'status takes no argument now'],
  ['\nExample:\n  $ tn-ledger run sync-ordrs', 'there is no job sync-ordrs'],
] as const) {
  test(`${JSON.stringify(text)} is reported as wrong`, (t) => {
    t.deepEqual(findMentions(text, false, known).problems, [problem]);
  });
}

test('correct commands, and the program name in a sentence, are accepted', (t) => {
  for (const text of [
    'When tn-ledger saw it. Each can be run by itself: tn-ledger run <job>.',
    'tn-ledger run nightly brings them in; `tn-ledger status` shows it.',
    'Run `tn-ledger run \uFFFC --account \uFFFC --since 2024-01-31 --accept-shrink`.',
    'Declare it (tn-ledger classify), or by tn-ledger assign.',
    'npx tn-ledger sql "select 1" > out.txt',
  ]) {
    const { problems, bareOptions } = findMentions(text, false, known);
    t.deepEqual([...problems, ...bareOptions], []);
  }
});
