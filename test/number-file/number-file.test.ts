import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { UsageError } from '../../src/errors.js';
import { type OpenOptions, openNumberFile } from '../../src/number-file/number-file.js';
import fc from '../support/fast-check.js';
import { publicTempFolder } from '../support/temp-folder.js';

async function fileOf(t: ExecutionContext, content: string | Buffer): Promise<string> {
  const folder = await mkdtemp(join(publicTempFolder(), 'tn-ledger-read-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const path = join(folder, 'numbers.csv');
  await writeFile(path, content);
  return path;
}

/** Reads a file and returns `line given number others…` for each row. */
async function read(t: ExecutionContext, content: string | Buffer, options: OpenOptions = {}): Promise<string[]> {
  const file = await openNumberFile(await fileOf(t, content), options);
  const lines: string[] = [];
  for await (const rows of file.rows()) {
    for (const { line, given, number, others } of rows) {
      lines.push([line, given, typeof number === 'string' ? number : number.code, ...others].join('|'));
    }
  }
  return lines;
}

const twoNumbers = ['2|9199918388|9199918388', '3|(415) 871-4245|4158714245'];

for (const [name, delimiter] of [
  ['commas', ','],
  ['semicolons', ';'],
  ['tabs', '\t'],
] as const) {
  test(`a table with ${name} is read by its header, whatever its other columns`, async (t) => {
    const row = (...cells: string[]) => cells.join(delimiter);
    const content = [
      row('Customer', 'Phone Number', 'Since'),
      row('Ann', '9199918388', '"a, b; c\td"'),
      row('Bob', '(415) 871-4245', ''),
    ];
    t.deepEqual(await read(t, content.join('\n')), twoNumbers);
  });
}

const table = 'tn\r\n9199918388\r\n(415) 871-4245\r\n';

for (const [name, content] of [
  ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${table}`)],
  ['UTF-16 as Excel writes it', Buffer.from(`\ufeff${table}`, 'utf16le')],
  ['UTF-16, the high byte first', Buffer.from(`\ufeff${table}`, 'utf16le').swap16()],
  ['UTF-16 without a mark', Buffer.from(table, 'utf16le')],
  ['CRLF', Buffer.from(table)],
  ['CR alone', Buffer.from(table.replaceAll('\r\n', '\r'))],
  ['mixed line ends, and none at the end', Buffer.from('tn\n9199918388\r\n(415) 871-4245')],
] as const) {
  test(`a file in ${name} is read`, async (t) => {
    t.deepEqual(await read(t, content), twoNumbers);
  });
}

test('a number beside a range is never left out', async (t) => {
  t.deepEqual(await read(t, 'tn\n9195550000-9195550099,9195551234\n9199918388\n'), [
    '2|9195550000-9195550099|not-a-number',
    '3|9199918388|9199918388',
  ]);
});

test('a file in Windows-1252 is read, and its cells are unchanged', async (t) => {
  const content = Buffer.from('Kunde;tn\nJos\xe9;9199918388\nAnn;\x934158714245\x94\n', 'latin1');
  t.deepEqual(await read(t, content), ['2|9199918388|9199918388', '3|\u201c4158714245\u201d|not-a-number']);
});

for (const header of [
  'telephone_number',
  'TN',
  'Number',
  'phone',
  'Phone Number',
  'TELEPHONE-NUMBER',
  'phone #',
  'DID',
  '"Tel. No."',
]) {
  test(`a column headed ${header} holds the numbers`, async (t) => {
    t.deepEqual(await read(t, `id,${header}\n7,9199918388\n`), ['2|9199918388|9199918388']);
  });
}

test('a single column needs no header, even if its first number has a typo', async (t) => {
  t.deepEqual(await read(t, '9199918388\n4158714245\n'), ['1|9199918388|9199918388', '2|4158714245|4158714245']);
  t.deepEqual(await read(t, '919991838\n4158714245\n'), ['1|919991838|not-a-number', '2|4158714245|4158714245']);
});

test('the user can name the column, and an exact match comes first', async (t) => {
  const content = 'number,Line,line\n1,9199918388,4158714245\n';
  t.deepEqual(await read(t, content, { column: 'Line' }), ['2|9199918388|9199918388']);
  t.deepEqual(await read(t, content, { column: 'NUMBER' }), ['2|1|not-a-number']);
});

test('additional columns are read if the file has them', async (t) => {
  const content = 'Action,tn\nASSIGN,9199918388\n,4158714245\n';
  t.deepEqual(await read(t, content, { others: ['action', 'note'] }), [
    '2|9199918388|9199918388|ASSIGN|',
    '3|4158714245|4158714245||',
  ]);
});

test("line numbers match an editor's, including blank lines and multi-line cells", async (t) => {
  const content = 'name,tn\n\n"a\nb",9199918388\n , \r\n,,\nc,4158714245\n"d",\n';
  t.deepEqual(await read(t, content), ['3|9199918388|9199918388', '7|4158714245|4158714245', '8||no-number']);
});

test('a list of many chunks is complete and in order wherever its lines are split', async (t) => {
  const numbers = Array.from({ length: 30_000 }, (_, index) => String(2_002_000_000 + index));
  const content = Buffer.from(
    `\ufefftn\u00e9l,tn\r\n${numbers.map((number) => `\u00e9,"${number}"\r\n`).join('')}`,
    'utf16le',
  );
  const expected = numbers.map((number, index) => `${index + 2}|${number}|${number}`);
  t.deepEqual(await read(t, content, { column: 'tn' }), expected);
});

test('a file of many chunks is read with its line numbers wherever its quoted cells are broken into lines', async (t) => {
  const note = fc.string({
    unit: fc.constantFrom('x', '""', ',', '\n', '\r\n', '\r', 'é', 'long '.repeat(50)),
    maxLength: 40,
  });
  const notes = fc.array(note, { minLength: 1, maxLength: 50 });
  await fc.assert(
    fc.asyncProperty(notes, fc.constantFrom('\n', '\r\n', '\r'), async (each, lineEnd) => {
      const rows: string[] = [];
      const expected: string[] = [];
      for (let index = 0, line = 2; index < 400; index += 1) {
        const cell = each[(index * index) % each.length] as string;
        const number = String(2_002_000_000 + index);
        rows.push(`"${cell}",${number}`);
        expected.push(`${line}|${number}|${number}`);
        line += cell.split(/\r\n|\n|\r/).length;
      }
      t.deepEqual(await read(t, ['note,tn', ...rows, ''].join(lineEnd)), expected);
    }),
    { numRuns: 20 },
  );
});

test('any written cells are read back unchanged', async (t) => {
  const cell = fc.string({ unit: fc.constantFrom('9', '1', '"', ',', ';', '\n', 'é', '=', "'", ' x') });
  await fc.assert(
    fc.asyncProperty(fc.array(cell, { minLength: 1, maxLength: 20 }), async (cells) => {
      const kept = cells.map((text) => `k${text}`);
      const content = `tn,note\n${kept.map((text) => `"${text.replaceAll('"', '""')}",x`).join('\n')}\n`;
      const rows = await read(t, content);
      return (
        JSON.stringify(rows.map((row) => row.replace(/^\d+\|/, ''))) ===
        JSON.stringify(kept.map((text) => `${text}|not-a-number`))
      );
    }),
    { numRuns: 40 },
  );
  t.pass();
});

async function refusal(t: ExecutionContext, path: string, options: OpenOptions = {}): Promise<string> {
  const error = await t.throwsAsync(
    async () => {
      const file = await openNumberFile(path, options);
      for await (const rows of file.rows()) t.truthy(rows);
    },
    { instanceOf: UsageError },
  );
  t.truthy(error?.hint);
  return error?.message ?? '';
}

for (const [name, content, message, options] of [
  ['an empty file', '', /numbers\.csv is empty/],
  ['a file of blank lines', '\n \r\n,,\n', /numbers\.csv is blank/],
  ['a header alone', 'telephone_number\n\n', /a header but no numbers/],
  ['a table without a known header', 'a,b\n9199918388,x\n', /no recognized column of numbers.*"a", "b"/],
  ['a single column under an unknown header', 'customers\n9199918388\n', /no recognized column/],
  ['a table of two columns that may be meant', 'phone,number\n1,2\n', /more than one column.*"phone" or "number"/],
  ['a table without the column that was named', 'a,tn\n1,2\n', /no column "mobile".*"a", "tn"/, { column: 'mobile' }],
  ['a table with two columns of the name', 'x,X \n1,2\n', /more than one column/, { column: 'x.' }],
  ['a workbook', Buffer.from('PK\u0003\u0004\u0014\u0000\u0006\u0000'), /Excel workbook/],
  ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'), /not text/],
  ['zero bytes far into the file', Buffer.from(`tn\n${'9199918388\n'.repeat(20_000)}\0`), /not text/],
  [
    'a quotation mark that is never closed',
    'tn\n9199918388\n"4158714245\n9199918389\n',
    /row on line 3 begins with a quotation mark/,
  ],
] as [string, string | Buffer, RegExp, OpenOptions?][]) {
  test(`${name} is refused with an explanation`, async (t) => {
    t.regex(await refusal(t, await fileOf(t, content), options), message);
  });
}

test('an unclosed quotation mark in a long file is refused without loading the file into memory', async (t) => {
  const path = await fileOf(t, `tn\n"9199918388\n${'4158714245\n'.repeat(200_000)}`);
  t.regex(await refusal(t, path), /row on line 2 begins with a quotation mark/);
});

test('a line of 2 GB is refused after its first MiB', async (t) => {
  const path = await fileOf(t, '9'.repeat(2 * 1024 * 1024));
  const handle = await open(path, 'r+');
  // The rest is sparse and takes no disk space.
  await handle.truncate(2 * 1024 ** 3);
  await handle.close();
  const before = process.memoryUsage.rss();
  t.regex(await refusal(t, path), /a line longer than 1 MiB/);
  t.true(process.memoryUsage.rss() - before < 200 * 1024 * 1024);
});

test('a missing file, a folder, a device and a pipe are refused with an explanation', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-read-'));
  t.teardown(() => rm(folder, { recursive: true }));
  t.regex(await refusal(t, join(folder, 'none.csv')), /none\.csv does not exist/);
  await mkdir(join(folder, 'lists'));
  t.regex(await refusal(t, join(folder, 'lists')), /lists is a folder/);
  t.regex(await refusal(t, '/dev/null'), /a pipe or a device/);
  // Opening it would block until something writes to it.
  execFileSync('mkfifo', [join(folder, 'pipe.csv')]);
  t.regex(await refusal(t, join(folder, 'pipe.csv')), /pipe\.csv is a pipe or a device/);
});

// Serial, since the user that the process acts as is the same for all tests of a file.
test.serial('a file closed to the user is refused', async (t) => {
  const path = await fileOf(t, '9199918388\n');
  await chmod(path, 0);
  await chmod(dirname(path), 0o755);
  const isRoot = process.getuid?.() === 0;
  if (isRoot) process.seteuid?.('nobody');
  try {
    t.regex(await refusal(t, path), /numbers\.csv can't be read by this user/);
  } finally {
    if (isRoot) process.seteuid?.('root');
  }
});

test('a file that changes between inspection and reading is refused', async (t) => {
  const path = await fileOf(t, 'tn\n9199918388\n');
  const file = await openNumberFile(path);
  await writeFile(path, 'tn\n4158714245\n');
  const error = await t.throwsAsync(
    async () => {
      for await (const rows of file.rows()) t.truthy(rows);
    },
    { instanceOf: UsageError },
  );
  t.regex(error?.message ?? '', /changed while it was being read/);
});
