import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import test, { type ExecutionContext } from 'ava';
import writeXlsxFile, { type SheetData } from 'write-excel-file/node';
import { UsageError } from '../../src/errors.js';
import { type NumberFile, type OpenOptions, openNumberFile } from '../../src/number-file/number-file.js';
import { describeReading } from '../../src/number-file/reading.js';
import { makeFolder } from '../end-to-end/support.js';
import { convert, office } from '../support/libre-office.js';
import { onlyIf } from '../support/only-if.js';

type Sheets = Record<string, SheetData>;

/** Writes a workbook with the given sheets, as write-excel-file does. */
async function workbookOf(t: ExecutionContext, sheets: Sheets): Promise<string> {
  const path = join(await makeFolder(t), 'numbers.xlsx');
  await writeXlsxFile(Object.entries(sheets).map(([sheet, data]) => ({ sheet, data }))).toFile(path);
  return path;
}

/** Replaces the text of parts of a workbook; a part that doesn't exist is added. */
async function edit(path: string, parts: Record<string, (text: string) => string>): Promise<string> {
  const archive = new AdmZip(await readFile(path));
  for (const [name, change] of Object.entries(parts)) {
    const before = archive.getEntry(name)?.getData().toString() ?? '';
    archive.deleteFile(name);
    archive.addFile(name, Buffer.from(change(before)));
  }
  await writeFile(path, archive.toBuffer());
  return path;
}

async function linesOf(file: NumberFile): Promise<string[]> {
  const lines: string[] = [];
  for await (const rows of file.rows()) {
    for (const { line, given, number } of rows) {
      lines.push([line, given, typeof number === 'string' ? number : number.code].join('|'));
    }
  }
  return lines;
}

async function read(path: string, options: OpenOptions = {}): Promise<string[]> {
  return linesOf(await openNumberFile(path, options));
}

async function refusal(t: ExecutionContext, path: string, options: OpenOptions = {}): Promise<string> {
  const error = await t.throwsAsync(() => read(path, options), { instanceOf: UsageError });
  t.truthy(error?.hint);
  return error?.message ?? '';
}

const sheet1 = 'xl/worksheets/sheet1.xml';
const cell = (value: string | number) => ({ value, type: typeof value === 'number' ? Number : String }) as const;
const rowOf = (...values: (string | number)[]) => values.map(cell);

test('numbers and texts of a workbook are read, whatever is above the header', async (t) => {
  const path = await workbookOf(t, {
    DIDs: [
      rowOf('ACME Telecom'),
      [],
      rowOf('Customer', 'Telefon', 'Since'),
      rowOf('Ann', 9195550001, 'x'),
      rowOf('Bob', '(415) 871-4245'),
      [],
      rowOf('Cid', 19195550002),
      rowOf('Dee', '9.19556E+09'),
      rowOf('Eve', '919-555-0010 to 0011'),
    ],
  });
  const file = await openNumberFile(path);
  t.deepEqual(await linesOf(file), [
    '4|9195550001|9195550001',
    '5|(415) 871-4245|4158714245',
    '7|19195550002|9195550002',
    '8|9.19556E+09|lost-digits',
    '9|919-555-0010 to 0011|9195550010',
    '9|919-555-0010 to 0011|9195550011',
  ]);
  t.deepEqual(describeReading(file.reading), [
    'Sheet: "DIDs"',
    'Header: line 3, numbers in the column "Telefon"; 1 above it not read',
    'Ranges: 1, 2 numbers (line 9: 2 numbers)',
  ]);
});

test('numbers with an exponent, inline and rich text, formulas and hidden rows are read as they are shown', async (t) => {
  const path = await edit(await workbookOf(t, { S: [rowOf('tn')] }), {
    [sheet1]: () => `<?xml version="1.0" encoding="UTF-8"?>
      <x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>
      <x:row><x:c t="inlineStr"><x:is><x:t>tn</x:t></x:is></x:c></x:row>
      <x:row r="3" hidden="1"><x:c r="A3"><x:v>1.9195550001E10</x:v></x:c></x:row>
      <x:row r="4"><x:c r="A4"><x:v>9195550002.0000000</x:v></x:c></x:row>
      <x:row r="5"><x:c r="A5" t="inlineStr"><x:is><x:r><x:t>919-555</x:t></x:r><x:r><x:t>-0003</x:t></x:r><x:rPh><x:t>9</x:t></x:rPh></x:is></x:c></x:row>
      <x:row r="6"><x:c r="A6" t="str"><x:f>"919"&amp;"5550004"</x:f><x:v>9195550004</x:v></x:c></x:row>
      <x:row r="7"><x:c r="A7"><x:f>A3-1</x:f></x:c></x:row>
      <x:row r="8"><x:c r="A8" t="e"><x:v>#N/A</x:v></x:c></x:row>
      <x:row r="9"><x:c r="A9" s="1"/></x:row>
      <x:row r="10"><x:c r="A10" t="inlineStr"><x:is><x:t>9195550005_x000D_</x:t></x:is></x:c></x:row>
      </x:sheetData></x:worksheet>`,
  });
  const file = await openNumberFile(path);
  t.deepEqual(await linesOf(file), [
    '3|19195550001|9195550001',
    '4|9195550002|9195550002',
    '5|919-555-0003|9195550003',
    '6|9195550004|9195550004',
    '7|=A3-1|not-a-number',
    '8|#N/A|not-a-number',
    '10|9195550005\r|9195550005',
  ]);
  t.is(file.reading.hiddenRows, 1);
});

test('dates of other columns are written as dates, and a number with a date format stays a number', async (t) => {
  const day = { value: new Date(Date.UTC(2026, 10, 29)), type: Date, format: 'mm/dd/yyyy' } as const;
  const path = await workbookOf(t, {
    S: [rowOf('tn', 'since'), [cell(9195550001), day], [{ ...cell(9195550002) }, null]],
  });
  await edit(path, { [sheet1]: (xml) => xml.replace(/<c r="A2"/, '<c r="A2" s="1"') });
  const file = await openNumberFile(path);
  const rows = [];
  for await (const batch of file.lines()) rows.push(...batch.map(({ cells }) => cells));
  t.deepEqual(rows, [['9195550001', '2026-11-29'], ['9195550002']]);
});

test('the only sheet with a column of numbers is read, and the others are named', async (t) => {
  const path = await workbookOf(t, {
    Notes: [rowOf('Please assign'), rowOf('9195559999 is the old number')],
    Empty: [],
    Numbers: [rowOf('DID List'), rowOf(9195550001)],
    Other: [rowOf('mobile', 'name'), rowOf(9195550002, 'Ann')],
  });
  const file = await openNumberFile(path);
  t.deepEqual(await linesOf(file), ['2|9195550001|9195550001']);
  t.is(describeReading(file.reading)[0], 'Sheet: "Numbers"; not read: "Notes", "Other", which has numbers');
  t.regex(file.reading.warning ?? '', /were not read: "Other"/);
});

test('several sheets with a column of numbers, even hidden ones, are refused until one is named', async (t) => {
  const path = await workbookOf(t, {
    New: [rowOf('tn'), rowOf(9195550001)],
    'Old one': [rowOf('tn', 'phone'), rowOf(9195550002, 1)],
  });
  await edit(path, { 'xl/workbook.xml': (xml) => xml.replace('name="Old one"', 'name="Old one" state="hidden"') });
  t.regex(await refusal(t, path), /more than one sheet with a column of numbers: "New" and "Old one" \(hidden\)/);
  t.deepEqual(await read(path, { sheet: 'new' }), ['2|9195550001|9195550001']);
  t.deepEqual(await read(path, { sheet: 'Old one', column: 'tn' }), ['2|9195550002|9195550002']);
  t.regex(
    await refusal(t, path, { sheet: 'Old one' }),
    /more than one column that may hold the numbers: "tn" or "phone"/,
  );
  t.regex(await refusal(t, path, { sheet: 'Older' }), /no sheet "Older".*"New", "Old one" \(hidden\)/);
});

test('a list without a header is read from a sheet, in whatever column', async (t) => {
  const path = await workbookOf(t, {
    S: [
      [null, cell(9195550001)],
      [null, cell('415-871-4245')],
    ],
  });
  t.deepEqual(await read(path), ['1|9195550001|9195550001', '2|415-871-4245|4158714245']);
});

for (const [name, part, message] of [
  ['with macros', 'xl/vbaProject.bin', /macros \(\.xlsm\)/],
  ['in the binary format', 'xl/workbook.bin', /binary workbook \(\.xlsb\)/],
  ['of Apple Numbers', 'Index/Document.iwa', /Apple Numbers/],
] as const) {
  test(`a workbook ${name} is refused by its content`, async (t) => {
    const path = await edit(await workbookOf(t, { S: [rowOf('tn'), rowOf(9195550001)] }), { [part]: () => 'x' });
    t.regex(await refusal(t, path), message);
  });
}

test('a ZIP archive, an encrypted workbook, an old one and a web page are refused by their content', async (t) => {
  const folder = await makeFolder(t);
  const fileOf = async (content: Buffer) => {
    const path = join(folder, 'numbers.csv');
    await writeFile(path, content);
    return path;
  };
  const archive = new AdmZip();
  archive.addFile('numbers.csv', Buffer.from('tn\n9195550001\n'));
  t.regex(await refusal(t, await fileOf(archive.toBuffer())), /is a ZIP archive, not a workbook/);
  const ole = Buffer.concat([Buffer.from('d0cf11e0a1b11ae1', 'hex'), Buffer.alloc(70_000)]);
  t.regex(await refusal(t, await fileOf(ole)), /old Office version, such as \.xls/);
  ole.write('EncryptedPackage', 65_530, 'utf16le');
  t.regex(await refusal(t, await fileOf(ole)), /is encrypted/);
  t.regex(await refusal(t, await fileOf(Buffer.from('<html><table><tr><td>tn'))), /a web page or an XML document/);
});

for (const [name, change, message] of [
  ['cut short', (xml: string) => xml.slice(0, -30), /damaged.*well-formed/],
  ['with an undefined entity', (xml: string) => xml.replace('<sheetData>', '<sheetData>&lol;'), /damaged.*entity/],
  ['with rows out of order', (xml: string) => xml.replace('<row r="2"', '<row r="1"'), /damaged.*followed by row/],
  [
    'with a missing shared text',
    (xml: string) => xml.replace(/(<c r="A1"[^>]*>)<v>\d+/, '$1<v>77'),
    /text 77, which is missing/,
  ],
  [
    'with a huge cell',
    (xml: string) => xml.replace('<sheetData>', `<sheetData>${' '.repeat(3_000_000)}`),
    /longer than 1 MiB/,
  ],
] as const) {
  test(`a sheet ${name} is refused`, async (t) => {
    const path = await workbookOf(t, { S: [rowOf('tn'), rowOf(9195550001)] });
    t.regex(await refusal(t, await edit(path, { [sheet1]: change })), message);
  });
}

test('a sheet with a wrong checksum is refused', async (t) => {
  const path = await workbookOf(t, { S: [rowOf('tn'), rowOf(9195550001)] });
  const archive = new AdmZip(await readFile(path));
  const data = archive.toBuffer();
  // The checksum is 30 bytes before the name in the archive's directory, which comes last.
  const at = data.lastIndexOf(sheet1) - 30;
  data.writeUInt8(data.readUInt8(at) ^ 1, at);
  await writeFile(path, data);
  t.regex(await refusal(t, path), /another size or checksum/);
});

test('a zip bomb is refused without unpacking it into memory', async (t) => {
  const path = await edit(await workbookOf(t, { S: [rowOf('tn'), rowOf(9195550001)] }), {
    [sheet1]: (xml) => xml.replace('<v>9195550001', `<v>${'9'.repeat(300 * 1024 * 1024)}`),
  });
  const before = process.memoryUsage.rss();
  t.regex(await refusal(t, path), /longer than 1 MiB/);
  t.true(process.memoryUsage.rss() - before < 100 * 1024 * 1024);
});

onlyIf(
  test,
  office !== undefined,
  'needs LibreOffice',
)('workbooks that LibreOffice writes, with formulas, are read; its .ods and .xls are refused by name', async (t) => {
  const folder = await makeFolder(t);
  await writeFile(
    join(folder, 'numbers.fods'),
    `<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"
 xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" xmlns:of="urn:oasis:names:tc:opendocument:xmlns:of:1.2" office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.spreadsheet">
<office:body><office:spreadsheet><table:table table:name="DIDs">
<table:table-row><table:table-cell office:value-type="string"><text:p>Phone #</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell office:value-type="float" office:value="9195550001"/></table:table-row>
<table:table-row><table:table-cell office:value-type="string"><text:p>(919) 555-0002</text:p></table:table-cell></table:table-row>
<table:table-row><table:table-cell table:formula="of:=[.A2]+2"/></table:table-row>
<table:table-row><table:table-cell table:formula="of:=&quot;919-555-00&quot;&amp;&quot;04&quot;"/></table:table-row>
<table:table-row table:visibility="filter"><table:table-cell office:value-type="float" office:value="19195550005"/></table:table-row>
</table:table></office:spreadsheet></office:body></office:document>`,
  );
  const file = await openNumberFile(await convert(folder, 'numbers.fods', 'xlsx'));
  t.deepEqual(await linesOf(file), [
    '2|9195550001|9195550001',
    '3|(919) 555-0002|9195550002',
    '4|9195550003|9195550003',
    '5|919-555-0004|9195550004',
    '6|19195550005|9195550005',
  ]);
  t.is(file.reading.hiddenRows, 1);
  t.regex(await refusal(t, await convert(folder, 'numbers.fods', 'ods')), /OpenDocument file \(such as \.ods\)/);
  t.regex(await refusal(t, await convert(folder, 'numbers.fods', 'xls')), /old Office version, such as \.xls/);
});
