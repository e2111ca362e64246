import { deepStrictEqual, ok, strictEqual } from 'node:assert';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import AdmZip from 'adm-zip';
import { parse as parseDotenv } from 'dotenv';
import { openArchive } from '../../src/billing/archive.js';
import { readFileIn } from '../../src/billing/read-file.js';
import { loadConfig } from '../../src/config.js';
import { parseApiDate, toTimestamp } from '../../src/dashboard/dates.js';
import { nextPageCursor } from '../../src/dashboard/links.js';
import {
  type ListPage,
  type ListPageOptions,
  parseListPage,
  parseWholeListPage,
} from '../../src/dashboard/list-page.js';
import { elementAt, listAt, parseXml, XmlError } from '../../src/dashboard/xml.js';
import { LedgerError, UsageError } from '../../src/errors.js';
import { openNumberFile } from '../../src/number-file/number-file.js';
import { readNumber } from '../../src/number-file/number-form.js';
import { numbersOf, readRange } from '../../src/number-file/number-range.js';
import { numberDetails } from '../support/resources.js';
import { publicTempFolder } from '../support/temp-folder.js';

/** Code that reads what others wrote. */
export interface Target {
  name: string;
  /** Where the search begins: inputs of every kind that the code knows. */
  inputs: readonly (string | Buffer)[];
  dictionary: readonly string[];
  /** Throws, or rejects, if the code breaks its promise on the input. Refusing it by name isn't. */
  run(input: Buffer): unknown;
}

const folder = mkdtempSync(join(publicTempFolder(), 'tn-ledger-fuzz-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));

function fileOf(name: string, content: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** Returns undefined if the work fails with one of the errors that it may fail with. */
function unless<T>(refusal: new (...args: never[]) => Error, work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof refusal) return undefined;
    throw error;
  }
}

async function unlessLater<T>(
  refusal: new (...args: never[]) => Error,
  work: () => Promise<T>,
): Promise<T | undefined> {
  return work().catch((error: unknown) => {
    if (error instanceof refusal) return undefined;
    throw error;
  });
}

const items: ListPageOptions = { container: 'R.Items', item: 'Item', fields: ['Number', 'City', '#text'] };
const xmlWords = [
  '<![CDATA[',
  ']]>',
  '<!--',
  '-->',
  '<Item>',
  '</Item>',
  '<Item/>',
  '<?xml?>',
  '&amp;',
  '&#48;',
  '&lt;',
  ' x="1"',
];

/** The fast reader of pages and the XML parser agree on everything. */
function comparePages(input: Buffer, options: ListPageOptions): void {
  const text = input.toString();
  const plain = (read: () => ListPage) => {
    const page = unless(XmlError, read);
    return page === undefined ? 'refused' : JSON.parse(JSON.stringify(page));
  };
  deepStrictEqual(
    plain(() => parseListPage(text, options)),
    plain(() => parseWholeListPage(text, options)),
  );
}

async function readNumberFile(name: string, input: Buffer): Promise<void> {
  await unlessLater(UsageError, async () => {
    const file = await openNumberFile(fileOf(name, input));
    strictEqual(file.sha256, createHash('sha256').update(input).digest('hex'));
    let last = 0;
    for await (const rows of file.rows()) {
      for (const { line, number, position } of rows) {
        ok(line > last || (line === last && position > 1), `line ${line} after line ${last}`);
        last = line;
        if (typeof number === 'string') ok(/^[2-9]\d\d[2-9]\d{6}$/.test(number), number);
      }
    }
  });
}

function zipOf(files: Readonly<Record<string, string>>): Buffer {
  const zip = new AdmZip();
  for (const [name, content] of Object.entries(files)) zip.addFile(name, Buffer.from(content));
  return zip.toBuffer();
}

const limits = { entries: 20, ratio: 200, uncompressedBytes: 1e6 };
const secret = 'Zq7-never-shown-Zq7';

/** A configuration is read, or refused without the secret. */
function configure(env: Record<string, string>): void {
  try {
    loadConfig({ env: { BANDWIDTH_CLIENT_SECRET: secret, ...env }, cwd: folder, needsApi: true });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    ok(!`${error.message} ${error.hint}`.includes(secret), error.message);
  }
}

export const targets: readonly Target[] = [
  {
    name: 'list-pages',
    inputs: [
      '<R><Items><Item><Number>9195550001</Number><City>CARY &amp; CO</City></Item><Item><City/></Item></Items><Next>2</Next></R>',
      '<R><Items><Item>+19195550001</Item> <Item>\n<Number><A>1</A></Number></Item></Items></R>',
      '<R><Count>2</Count><Items><Item a="1"><Number><![CDATA[1]]></Number></Item><!-- x --><Item>2</Item></Items></R>',
    ],
    dictionary: xmlWords,
    run: (input) => comparePages(input, items),
  },
  {
    name: 'number-details',
    inputs: [
      '<TelephoneNumbersResponse><TelephoneNumberCount>1</TelephoneNumberCount><Links><next>Link=&lt;x?page=2&gt;</next></Links><TelephoneNumbers><TelephoneNumber><City>CARY</City><Lata>426</Lata><FullNumber>9192381138</FullNumber><Status>Inservice</Status><OnNetVendor>true</OnNetVendor></TelephoneNumber></TelephoneNumbers></TelephoneNumbersResponse>',
    ],
    dictionary: [...xmlWords, '<TelephoneNumber>', '</TelephoneNumber>', '<FullNumber>', '</FullNumber>', '<Status/>'],
    run: (input) => comparePages(input, numberDetails),
  },
  {
    name: 'links',
    inputs: [
      'Link=&lt;https://dashboard.bandwidth.com/v1.0/accounts/1/tns?page=12&amp;size=500&gt;;rel="next";',
      '<![CDATA[<https://x/y?size=1&page=a%2Bb>;rel="next"]]>',
      '<!-- Link=<http://localhost/tns?page=2> -->',
    ],
    dictionary: ['?page=', '&amp;page=', '&page=', ';page=', '%20', '%', '+', '<next>', '</next>', ...xmlWords],
    run(input) {
      const text = `<R><Links><first>x</first><next>${input.toString()}</next></Links></R>`;
      const links = unless(XmlError, () => elementAt(parseXml(text), 'R.Links'));
      if (links === undefined) return;
      const cursor = unless(XmlError, () => ({ page: nextPageCursor(links) }));
      // An end that isn't one would cut the list.
      if (cursor !== undefined && cursor.page === undefined) ok(listAt(links, 'next').every((link) => link === ''));
    },
  },
  {
    name: 'dates',
    inputs: [
      ...['2014-11-21T14:00:33.836Z', '2014-01-10T17-34-15.797Z', '2013-12-20T06', '2014-03-25 12:55:11.0'],
      ...['2019-10-31T17:15:00+04:00', '2015-06-15', '2024-02-29T00:00:00Z'],
    ],
    dictionary: ['T', 'Z', '+04:00', '-0400', '.123456789', '02-29', '24:00:00', ' '],
    run(input) {
      const text = input.toString();
      const date = parseApiDate(text);
      const stored = toTimestamp(text);
      strictEqual(stored === undefined, date === undefined);
      if (date === undefined || stored === undefined) return;
      strictEqual(new Date(stored).getTime(), date.getTime());
      ok(date.getUTCFullYear() >= 1989 && date.getUTCFullYear() <= 2101, stored);
    },
  },
  {
    name: 'numbers',
    inputs: [
      ...[
        '9199918388',
        '+1 (919) 991-8388',
        '9.199918388E+09',
        '="9199918388"',
        'tel:+1-919-991-8388',
        '9199918388 x12',
      ],
      ...[
        '919-555-0000 to 0099',
        '9195550000-9195550099',
        '919-555-00XX',
        '\u0669\u0661\u0669\u0669\u0669\u0661\u0668\u0663\u0668\u0668',
      ],
    ],
    dictionary: ['tel:', ';ext=', '+1', 'x', 'XX', ' to ', '\u2013', '-', 'E+09', '.0', '\u200b', '="', '"'],
    run(input) {
      const cell = input.toString();
      const number = readNumber(cell);
      if (typeof number === 'string') {
        ok(/^[2-9]\d\d[2-9]\d{6}$/.test(number), number);
        strictEqual(readNumber(number), number);
      } else ok(number.reason !== '');
      const range = readRange(cell);
      if (range === undefined || 'code' in range) return;
      ok(range.count >= 1 && range.count <= 10_000, String(range.count));
      for (const each of numbersOf(range)) strictEqual(each.slice(0, 6), range.first.slice(0, 6));
    },
  },
  {
    name: 'csv-files',
    inputs: [
      'Customer,Phone Number\nAnn,9199918388\n"Bob; ""B""",(415) 871-4245\n',
      '\ufefftn;since\r\n9199918388;"a\nb"\r\n919-555-0000 to 0003;\r\n',
      Buffer.from('\ufefftn\t\n9199918388\tx\n', 'utf16le'),
    ],
    dictionary: ['"', '""', '\r\n', '\r', ';', ',', '\t', '\ufeff', '9199918388', '919-555-00XX', 'tn', '\0'],
    run: (input) => readNumberFile('numbers.csv', input),
  },
  {
    name: 'workbooks',
    inputs: [
      zipOf({
        '[Content_Types].xml': '<Types/>',
        '_rels/.rels':
          '<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        'xl/workbook.xml':
          '<workbook xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>',
        'xl/_rels/workbook.xml.rels':
          '<Relationships><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        'xl/worksheets/sheet1.xml':
          '<worksheet><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>tn</t></is></c></row><row r="2"><c r="A2"><v>9199918388</v></c></row></sheetData></worksheet>',
      }),
    ],
    dictionary: [
      'PK\x03\x04',
      'PK\x01\x02',
      'PK\x05\x06',
      'xl/workbook.xml',
      '<row r="1">',
      '</c>',
      't="s"',
      '\xff\xff\xff\xff',
    ],
    run: (input) => readNumberFile('numbers.xlsx', input),
  },
  {
    name: 'archives',
    inputs: [
      zipOf({ 'bdr.csv': 'a,b\n1,2\n' }),
      zipOf({ 'x/a.csv': 'a\n1\n', 'b.csv': 'a\n2\n'.repeat(20), '__MACOSX/._a': '' }),
    ],
    dictionary: ['PK\x03\x04', 'PK\x01\x02', 'PK\x05\x06', 'PK\x07\x08', '../', '.csv', '\xff\xff\xff\xff', '\0\0\0\0'],
    async run(input) {
      await unlessLater(LedgerError, async () => {
        const archive = await openArchive(fileOf('archive.zip', input), { type: 'BDR', limits });
        let unpacked = 0;
        for (const file of archive.files) {
          ok(!/[/\\]/.test(file.name), file.name);
          for await (const chunk of readFileIn(archive, file, { limits, unpacked })) unpacked += chunk.length;
          ok(unpacked <= limits.uncompressedBytes);
        }
      });
    },
  },
  {
    name: 'variables',
    inputs: [
      'BANDWIDTH_ACCOUNT_ID=9900000\nBANDWIDTH_CLIENT_ID=x\nTN_LEDGER_SCHEDULE=0 2 * * *\nTN_LEDGER_TIMEZONE=America/New_York\n',
      'BANDWIDTH_API_URL=https://api.example.com/x\nTN_LEDGER_JOB_DEADLINE=6h\nDATABASE_URL=postgres://u:p@h:5432/d\nTN_LEDGER_HTTP=[::1]:9464\n',
      'TN_LEDGER_ALERT_WEBHOOK=https://hooks.example.com/a\nTN_LEDGER_ALERT_SMTP_URL=smtps://u:p@h:465\nTN_LEDGER_KEEP_RUNS=400d\n',
    ],
    dictionary: [
      '=',
      '\n',
      'https://',
      'postgres://',
      '@',
      '%zz',
      '0 2 * * *',
      '*/0',
      '24h',
      '1e9',
      'BANDWIDTH_',
      'TN_LEDGER_',
      '_FILE=',
    ],
    run: (input) => configure(parseDotenv(input)),
  },
  {
    name: 'accounts-files',
    inputs: [
      'credentials:\n  east:\n    client_id:\n      variable: X\n    client_secret: {file: secret}\naccounts:\n  - id: 9900008\n    label: East\n    credentials: east\n    ocn: 123A\n    billing_types: [BDR]\n    schedule: early\nschedules:\n  early: 30 0 * * *\n',
      '{"accounts": [{"id": "9900009", "requests_per_minute": 60, "concurrency": 2}], "companies": {"123A": {"name": "A"}}}',
    ],
    dictionary: [
      'accounts:',
      'credentials:',
      '  - id: ',
      '&a',
      '*a',
      '<<: ',
      '{',
      '}',
      '[',
      ']',
      '|',
      '!!js',
      '---',
      '"',
      ': ',
      '\n',
      '\t',
    ],
    run: (input) => configure({ TN_LEDGER_ACCOUNTS_FILE: fileOf('accounts.yaml', input), X: secret }),
  },
];
