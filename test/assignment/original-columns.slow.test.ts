import { appendFile, mkdir, readdir, readFile, rename, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { parse } from 'csv-parse/sync';
import writeXlsxFile from 'write-excel-file/node';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { openAssigning, run } from './support.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

/** Returns the rows of a results file, without the orders' ids. */
async function rowsOf(path: string | undefined): Promise<string[][]> {
  const [header = [], ...rows]: string[][] = parse(await readFile(path ?? ''), { relax_column_count: true });
  const order = header.indexOf('order_id');
  return [header, ...rows.map((row) => row.toSpliced(order, 1, row[order] === '' ? '' : 'ORDER'))];
}

const outcome = ['telephone_number', 'outcome', 'error_code', 'error_description', 'order_id', 'line_number'];

test("results begin with the file's own columns, one row for each number of a range", async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b] = world.numbers as [string, string];
  const block = a.slice(0, 8);
  const path = await world.write('list.csv', [
    'ACME; numbers to assign',
    '',
    'Name;Outcome;Phone #',
    `=Ann;"x;y";${block}XX;beyond`,
    `Bob;;${b}`,
    '"Cid\nDee";new;911',
  ]);
  const { summary, reading, results, rejected } = await world.assign(path, { allowRejects: true });
  t.like(reading, { headerLine: 3, linesAbove: 1, ranges: 1, rangeNumbers: 100 });
  t.is(summary.total, 102);
  const [header, ...rows] = await rowsOf(results);
  t.deepEqual(header, [
    'Name',
    'Outcome',
    'Phone #',
    ...outcome.map((name) => (name === 'outcome' ? 'outcome_2' : name)),
  ]);
  const held = new Set(world.numbers);
  const isFree = (number: string) => !held.has(number) && number !== b;
  t.deepEqual(
    rows.slice(0, 100),
    Array.from({ length: 100 }, (_, index) => {
      const number = `${block}${String(index).padStart(2, '0')}`;
      const what = isFree(number)
        ? [number, 'REJECTED', '5076', "not in the account's inventory", '']
        : [number, 'ACCEPTED', '', '', 'ORDER'];
      return ["'=Ann", 'x;y', `${block}XX`, ...what, '4', 'beyond'];
    }),
  );
  t.deepEqual(rows[101], [
    'Cid\nDee',
    'new',
    '911',
    ...['', 'REJECTED', 'not-a-number', '"911" has 3 digits; a telephone number has ten', '', '6'],
  ]);
  const accepted = rows.slice(0, 100).filter((row) => row[4] === 'ACCEPTED').length;
  t.is((await rowsOf(rejected)).length, 1 + 100 - accepted + 1 + (rows[100]?.[4] === 'REJECTED' ? 1 : 0));
  const placed = world.placed().flatMap(({ numbers }) => numbers.map(({ telephoneNumber }) => telephoneNumber));
  t.is(placed.length, new Set(placed).size);
});

test('a number in two ranges is sent once, and the second one is a duplicate', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a] = world.numbers as [string];
  const path = await world.write('list.csv', ['tn,action', `${a} to ${a},ASSIGN`, `${a.slice(0, 9)}X,ASSIGN`]);
  const { summary } = await world.assign(path, { allowRejects: true, action: undefined });
  t.is(summary.total, 11);
  const [duplicate, ...others] = await world.query(
    `select line_number, position_in_line, error_description from assignment_numbers where error_code = 'duplicate'`,
  );
  t.deepEqual(others, []);
  t.deepEqual(duplicate, {
    ...{ line_number: 3, position_in_line: Number(a.slice(9)) + 1 },
    error_description: 'same number as on line 2',
  });
});

test('the same content of another sheet is another batch', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a, b] = world.numbers as [string, string];
  const path = join(world.dataDir, 'numbers.xlsx');
  const sheetOf = (sheet: string, number: string) => ({
    sheet,
    data: [
      [{ value: 'Customer' }, { value: 'TN' }],
      [{ value: 'Ann' }, { value: Number(number), type: Number }],
    ],
  });
  await writeXlsxFile([sheetOf('One', a), sheetOf('Two', b)]).toFile(path);
  const one = await world.assign(path, { sheet: 'One' });
  t.deepEqual(await rowsOf(one.results), [
    ['Customer', 'TN', ...outcome],
    ['Ann', a, a, 'ACCEPTED', '', '', 'ORDER', '2'],
  ]);
  const two = await world.assign(path, { sheet: 'Two' });
  t.deepEqual([one.kind, two.kind], ['new', 'new']);
  t.deepEqual((await rowsOf(two.results))[1]?.slice(0, 4), ['Ann', b, b, 'ACCEPTED']);
  t.is((await world.assign(path, { sheet: 'One' })).kind, 'reported');
});

test('a file that has changed since is not mixed with the outcomes', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 3 } } });
  const [a, b] = world.numbers as [string, string];
  const path = await world.write('numbers.csv', ['Name,tn', `Ann,${a}`]);
  const outbox = join(world.dataDir, 'outbox');
  await world.assign(path, { wait: false, resultsFolder: outbox, timeoutMs: 0 });
  await appendFile(path, `Bob,${b}\n`);
  const report = await world.run('submit-number-assignments');
  t.is(report.result, 'succeeded');
  t.regex(report.warnings.join(), /don't repeat the columns of numbers\.csv: .*has changed since it was submitted/);
  const [header, first] = await rowsOf(join(outbox, 'numbers.results.csv'));
  t.deepEqual(header?.slice(0, 2), ['line_number', 'number_as_given']);
  t.deepEqual(first?.slice(0, 4), ['2', a, a, 'ACCEPTED']);
});

test('a batch that a nightly run resumes has the columns of its file, in the inbox too', async (t) => {
  const world = await openAssigning(t, t.context.server, { sandbox: { assignmentPace: { reads: 3 } } });
  const [a, b] = world.numbers as [string, string];
  const path = await world.write('numbers.csv', ['Name,tn', `Ann,${a}`]);
  const outbox = join(world.dataDir, 'outbox');
  await world.assign(path, { wait: false, resultsFolder: outbox, timeoutMs: 0 });
  const inbox = join(world.dataDir, 'inbox', 'assign');
  await mkdir(inbox, { recursive: true });
  await writeFile(join(inbox, 'more.csv'), `Name,tn\nBob,${b}\n`);
  await utimes(join(inbox, 'more.csv'), 1, 1);
  const report = await world.run('submit-number-assignments');
  t.deepEqual([report.result, report.warnings], ['succeeded', []]);
  t.deepEqual((await rowsOf(join(outbox, 'numbers.results.csv')))[1]?.slice(0, 4), ['Ann', a, a, 'ACCEPTED']);
  const done = await readdir(join(world.dataDir, 'done'));
  const results = done.find((name) => name.endsWith('.results.csv')) ?? '';
  t.deepEqual((await rowsOf(join(world.dataDir, 'done', results)))[1]?.slice(0, 4), ['Bob', b, b, 'ACCEPTED']);
  const [{ file_path: moved } = {}] = await world.query(
    `select file_path from assignment_batches where file_name = 'more.csv'`,
  );
  t.is(moved, join(world.dataDir, 'done', done.find((name) => name.endsWith('more.csv')) ?? ''));
});

test('the preview shows the header, the sheet and the ranges; a second sheet is refused with exit status 2', async (t) => {
  const world = await openAssigning(t, t.context.server);
  const [a] = world.numbers as [string];
  const data = [[{ value: 'ACME' }], [{ value: 'TN' }], [{ value: `${a.slice(0, 9)}X` }]];
  const write = async (name: string, ...sheets: string[]) => {
    await writeXlsxFile(sheets.map((sheet) => ({ sheet, data }))).toFile(join(world.dataDir, name));
    return join(world.dataDir, name);
  };
  const options = ['--action', 'ASSIGN', '--dry-run', '--allow-rejects'];
  const one = await run(t, world, ['assign', await write('one.xlsx', 'DIDs'), ...options]);
  t.is(one.status, one.stdout.includes('rejected            0') ? 0 : 3, one.output);
  t.regex(
    one.stdout,
    /Sheet: "DIDs"\nHeader: line 2, numbers in the column "TN"; 1 above it not read\nRanges: 1, 10 numbers \(line 3: 10 numbers\)/,
  );
  const two = await write('two.xlsx', 'A', 'B');
  const refused = await run(t, world, ['assign', two, ...options]);
  t.is(refused.status, 2, refused.output);
  t.regex(refused.stderr, /more than one sheet with a column of numbers: "A" and "B"/);
  const json = await run(t, world, ['assign', two, ...options, '--sheet', 'B', '--json']);
  t.like(JSON.parse(json.stdout).reading, {
    sheet: 'B',
    sheets_not_read: ['"A", which has numbers'],
    header_line: 2,
    ranges: 1,
  });
  const classified = await run(t, world, [
    ...['classify', two, '--sheet', 'A', '--category', 'reserved', '--from', '2026-01-01', '--to', '2026-02-01'],
    ...['--dry-run', '--allow-rejects'],
  ]);
  t.regex(classified.stdout, /Ranges: 1, 10 numbers \(line 3: 10 numbers\)/, classified.output);
  const submitted = await run(t, world, ['submit', two, '--sheet', 'A', '--action', 'ASSIGN', '--allow-rejects']);
  t.regex(submitted.stdout, /Ranges: 1, 10 numbers/, submitted.output);
  await rename(two, `${two}.away`);
  t.regex((await world.run('submit-number-assignments')).result, /succeeded/);
});
