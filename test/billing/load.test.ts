import { Readable } from 'node:stream';
import anyTest, { type TestFn } from 'ava';
import { type CsvSource, loadCsv } from '../../src/billing/load-csv.js';
import { makeRecordsTable } from '../../src/billing/records-table.js';
import { inTransaction } from '../../src/database/transaction.js';
import { callColumns, recordsCsv } from '../../src/sandbox/billing/records.js';
import { installedPostgres, startPostgres, type TestServer } from '../support/postgres.js';
import { until } from '../sync/support/moments.js';
import { type Loader, openLoader, readByCsvParse } from './support/load.js';

const test = anyTest as TestFn<{ servers: TestServer[] }>;

test.before(async (t) => {
  const fifteen = installedPostgres(15);
  t.context.servers = [
    // Times without a zone are UTC, whatever the server's setting.
    await startPostgres({ settings: { timezone: 'America/New_York', datestyle: 'SQL, DMY' } }),
    ...(fifteen === undefined ? [] : [await startPostgres({ binDir: fifteen, settings: { timezone: 'Asia/Tokyo' } })]),
  ];
});
test.after.always((t) => Promise.all((t.context.servers ?? []).map((server) => server.stop())));

const days = { from: '2026-10-01', to: '2026-10-31' };
const day = (date: string) => Date.parse(`${date}T00:00:00Z`);
const october = (rowsPerDay: number, from = '2026-10-01', to = '2026-10-31') =>
  Buffer.concat([
    ...recordsCsv({ seed: 5, account: '9900000', type: 'BDR', from: day(from), to: day(to), rowsPerDay }),
  ]).toString();

const forms: Record<string, string> = {
  'quoted newlines, of either kind': 'a,b,c\n1,"x\ny",2\n3,"x\r\ny",4\n',
  'quotes in quotes': 'a,b,c\n1,"say ""hello""",2\n3,"""",4\n',
  'empty fields against quoted empty': 'a,b,c\n,"",x\n"",,\n,,\n',
  'UTF-8, in the header too': 'a,größe,c\n1,Cañon City,日本\n',
  'a byte order mark': '\ufeffa,b,c\n1,2,3\n',
  CRLF: 'a,b,c\r\n1,2,3\r\n4,"5\r\n6",7\r\n',
  'lines that end in CR': 'a,b,c\r1,2,3\r4,5,6\r',
  'no final newline': 'a,b,c\n1,2,3\n4,5,6',
  'a quoted field at the very end': 'a,b,c\n1,2,"3"',
  'header only': 'a,b,c\n',
  'header only, without a newline': 'a,b,c',
  'spaces, backslashes and \\N': 'a,b,c\n 1 ,\\N,\\.\n\\,"\\",\\n\n',
  'columns without a name, and names twice': 'a,,A\n1,2,3\n',
  'a header over two lines': 'a,"b\nb",c\n1,2,3\n',
};
for (const [what, csv] of Object.entries(forms)) {
  test(`a CSV file with ${what} is read as csv-parse reads it`, async (t) => {
    const [server] = t.context.servers;
    if (server === undefined) throw new Error('no server was started');
    const loader = await openLoader(t, server);
    const loaded = await loader.load([{ name: 'x.csv', content: csv }], { type: 'NOVELTY', days });
    const expected = readByCsvParse(csv);
    t.like(loaded, { rows: expected.length, rejected: 0 });
    const rows = await loader.query<{ row: (string | null)[] }>(
      `select array[${(await fileColumns(loader, 'novelty')).join(', ')}] as row from billing_novelty order by ctid`,
    );
    t.deepEqual(
      rows.map(({ row }) => row),
      expected,
    );
  });
}

const fileColumns = async (loader: Loader, type: string) =>
  (
    await loader.query<{ name: string }>(
      `select quote_ident(attname) as name from pg_attribute where attrelid = $1::regclass and attnum > 4 order by attnum`,
      [`billing_${type}`],
    )
  ).map(({ name }) => name);

test("a line \\. is an ordinary row and doesn't end the data", async (t) => {
  for (const server of t.context.servers) {
    const loader = await openLoader(t, server);
    await loader.load([{ name: 'x.csv', content: 'only\none\n\\.\ntwo\n' }], { type: 'NOVELTY', days });
    t.deepEqual(
      (await loader.query('select "only" from billing_novelty')).map((row) => row.only),
      ['one', '\\.', 'two'],
    );
  }
});

test("call records are typed; times without a zone are UTC whatever the server's settings", async (t) => {
  const csv = october(3, '2026-10-05', '2026-10-05');
  for (const server of t.context.servers) {
    const loader = await openLoader(t, server);
    await loader.load([{ name: 'calls.csv', content: csv }], { days });
    const types = await loader.query<{ type: string }>(
      `select format_type(atttypid, atttypmod) as type from pg_attribute
        where attrelid = 'billing_bdr'::regclass and attname in
          ('call_start_date_time', 'call_end_date_time', 'duration', 'rate_attempts', 'per_min_rate', 'amount', 'lrn')
        order by attname`,
    );
    t.deepEqual(
      types.map(({ type }) => type),
      ['numeric', 'timestamp with time zone', 'timestamp with time zone', 'integer', 'text', 'numeric', 'integer'],
    );
    const rows = await loader.query(
      `select account_id, file_name, extract(epoch from call_start_date_time)::bigint as at, amount::text, destination_state,
              desination_rate_center from billing_bdr order by call_start_date_time`,
    );
    t.deepEqual(
      rows,
      readByCsvParse(csv).map((row, index) => ({
        account_id: '9900000',
        file_name: 'calls.csv',
        at: String(day('2026-10-05') / 1000 + index * 28800),
        amount: row[8],
        destination_state: row[15],
        desination_rate_center: row[17],
      })),
    );
  }
});

test('a fully quoted file is loaded unchanged, and a quoted empty number is null', async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  const csv = 'CallStartDateTime,Duration,CallID\n"2026/10/03 01:02:03 PM","","a"\n"2026/10/03 12:00:00 AM","7",""\n';
  const loaded = await loader.load([{ name: 'x.csv', content: csv }], { days });
  t.deepEqual(loaded.warnings, []);
  t.deepEqual(await loader.query('select call_start_date_time as at, duration, call_id from billing_bdr'), [
    { at: new Date('2026-10-03T13:02:03Z'), duration: null, call_id: 'a' },
    { at: new Date('2026-10-03T00:00:00Z'), duration: 7, call_id: '' },
  ]);
});

test('good rows of a file are loaded, and bad rows are recorded with line and reason', async (t) => {
  const lines = october(100).trimEnd().split('\n');
  const header = lines.shift() as string;
  const spoil: [RegExp, (line: string) => string | Buffer][] = [
    [/^has 25 fields, but the header has 24$/, (line) => `${line},extra`],
    [/^has 23 fields, but the header has 24$/, (line) => line.slice(0, line.lastIndexOf(','))],
    [/^an empty line$/, () => ''],
    [/^Duration: invalid input syntax for type integer: "long"$/, (line) => line.replace(/,\d+,(0\.00)/, ',long,$1')],
    [
      /^Amount: invalid input syntax for type numeric: "0,01"$/,
      (line) => line.replace(/(,0\.00\d+),[\d.]+,/, '$1,"0,01",'),
    ],
    [
      /^CallStartDateTime: date\/time field value out of range: "2026\/02\/30/,
      (line) => line.replace(/\d{4}\/\d\d\/\d\d/, '2026/02/30'),
    ],
    [
      /^Duration: value "99999999999" is out of range for type integer$/,
      (line) => line.replace(/,\d+,(0\.00)/, ',99999999999,$1'),
    ],
    [/^invalid byte 0xff: not UTF-8$/, (line) => Buffer.concat([Buffer.from(line), Buffer.from([0xff])])],
    [/^invalid byte 0x00$/, (line) => `${line}\0`],
    [/^unclosed or misplaced quote$/, (line) => line.replace('INTER', '"INTER')],
    [/^unclosed or misplaced quote$/, (line) => line.replace('Tier 1', 'Tier 5" pipe')],
  ];
  const bad = new Map<number, RegExp>();
  const content: Buffer[] = [Buffer.from(`${header}\n`)];
  for (const [index, line] of lines.entries()) {
    const [reason, damage] = spoil[(index / 100) % spoil.length] ?? [];
    const spoilt = reason === undefined || damage === undefined ? line : damage(line);
    if (spoilt !== line && reason !== undefined) bad.set(index + 2, reason);
    content.push(Buffer.from(spoilt), Buffer.from('\n'));
  }
  t.true(bad.size > 20);
  for (const server of t.context.servers) {
    const loader = await openLoader(t, server);
    const loaded = await loader.load([{ name: 'calls.csv', content }], { days });
    t.like(loaded, { rows: lines.length - bad.size, rejected: bad.size });
    t.regex(loaded.warnings[0] ?? '', /"calls\.csv": \d+ of 3100 rows could not be loaded and are in billing_rejects/);
    const rejects = await loader.query<{ line_number: string; reason: string; line: string }>(
      `select line_number, reason, line from billing_rejects where file_name = 'calls.csv' order by line_number`,
    );
    t.deepEqual(
      rejects.map(({ line_number }) => Number(line_number)),
      [...bad.keys()],
    );
    for (const { line_number, reason } of rejects) t.regex(reason, bad.get(Number(line_number)) as RegExp);
    const good = lines
      .filter((_, index) => !bad.has(index + 2))
      .map((line) => readByCsvParse(`${header}\n${line}`)[0]?.[18]);
    t.deepEqual(
      (await loader.query('select call_id from billing_bdr order by call_id collate "C"')).map((row) => row.call_id),
      good.toSorted(),
    );
    t.like((await loader.query('select state, row_count::int, rejected_count::int from billing_reports'))[0], {
      state: 'loaded',
      row_count: good.length,
      rejected_count: bad.size,
    });
  }
});

test("bytes sent long after the server refused the file don't change the result", async (t) => {
  const server = t.context.servers[0] as TestServer;
  const { database, query } = await openLoader(t, server);
  await inTransaction(database, {}, async (client) => {
    for (const fact of ['account_id', 'report_id', 'file_name']) {
      await client.query(`select set_config($1, 'x', true)`, [`tn_ledger.billing_${fact}`]);
    }
    const table = await makeRecordsTable(client, 'BDR');
    async function* read() {
      yield Buffer.from('Duration,CallID\nx,a\n');
      await until(async () => {
        const [row] = await query(
          `select 1 from pg_stat_activity where datname = current_database() and state like '%aborted%'`,
        );
        return row === undefined ? undefined : true;
      });
      yield Buffer.from('2,b\n');
    }
    let reads = 0;
    const source = {
      name: 'x.csv',
      read: () =>
        reads++ === 0 ? read() : Readable.from([Buffer.from('Duration,CallID\nx,a\n2,b\n')])[Symbol.asyncIterator](),
    };
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    t.like(await loadCsv(client, table, source as CsvSource, options), { rows: 1, rejected: 1 });
  });
});

test("two misplaced quotes in the same column don't merge rows, as COPY would", async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  const content = 'a,b\n1,5" pipe\n2,x\n3,6" pipe\n4,y\n';
  const loaded = await loader.load([{ name: 'x.csv', content }], { type: 'NOVELTY', days });
  t.like(loaded, { rows: 2, rejected: 2 });
});

test('new columns are added to the table, and missing columns are null', async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  await loader.load(
    [
      { name: 'one.csv', content: 'AccountId,Amount\n1,2\n' },
      { name: 'two.csv', content: 'Amount,Note\n3,hello\n' },
    ],
    { type: 'NOVELTY', days },
  );
  await loader.load([{ name: 'three.csv', content: 'Note,VeryNew\nx,y\n' }], {
    type: 'NOVELTY',
    days: { from: '2026-11-01', to: '2026-11-30' },
  });
  t.deepEqual(
    await loader.query(
      'select file_name, account_id, account_id_2, amount, note, very_new from billing_novelty order by 1',
    ),
    [
      { file_name: 'one.csv', account_id: '9900000', account_id_2: '1', amount: '2', note: null, very_new: null },
      { file_name: 'three.csv', account_id: '9900000', account_id_2: null, amount: null, note: 'x', very_new: 'y' },
      { file_name: 'two.csv', account_id: '9900000', account_id_2: null, amount: '3', note: 'hello', very_new: null },
    ],
  );
  const bare = await loader.query(
    `select c.relname, a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
      where c.relname like 'billing\\_novelty%' and c.relkind in ('r', 'p') and col_description(c.oid, a.attnum) is null`,
  );
  t.deepEqual(bare, []);
});

test('daily, monthly and repeated loads never count a call twice', async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  const count = async () =>
    (
      await loader.query('select count(*)::int as calls, count(distinct call_id)::int as different from billing_bdr')
    )[0];
  const load = (from: string, to: string) =>
    loader.load([{ name: 'calls.csv', content: october(10, from, to) }], { days: { from, to } });
  await load('2026-10-05', '2026-10-05');
  await load('2026-10-06', '2026-10-06');
  await load('2026-10-06', '2026-10-06');
  t.deepEqual(await count(), { calls: 20, different: 20 });
  const month = await load('2026-10-01', '2026-10-31');
  t.is(month.replaced, 20);
  t.deepEqual(await count(), { calls: 310, different: 310 });
  const one = await load('2026-10-06', '2026-10-06');
  t.is(one.replaced, 10);
  t.deepEqual(await count(), { calls: 310, different: 310 });
  const overlapping = await load('2026-10-20', '2026-11-05');
  t.is(overlapping.replaced, 120);
  t.deepEqual(await count(), { calls: 360, different: 360 });
  await load('2026-10-01', '2026-10-31');
  t.deepEqual(await count(), { calls: 360, different: 360 });
  const states = await loader.query<{ replaced: boolean }>(
    'select replaced_by is not null as replaced from billing_reports order by loaded_at',
  );
  t.deepEqual(
    states.map(({ replaced }) => replaced),
    [true, true, true, true, true, false, false],
  );
});

test('a call billed with the day after is neither lost nor counted twice on a reload', async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  const call = (id: string, time: string) => `${time},${id}\n`;
  const head = 'CallStartDateTime,CallID\n';
  const fifth = () =>
    loader.load([{ name: 'x.csv', content: head + call('a', '2026/10/31 01:00:00 PM') }], {
      days: { from: '2026-10-31', to: '2026-10-31' },
    });
  const sixth = () =>
    loader.load(
      [
        {
          name: 'x.csv',
          content: `${head}${call('late', '2026/10/31 11:59:59 PM')}${call('b', '2026/11/01 02:00:00 AM')},untimed\n`,
        },
      ],
      {
        days: { from: '2026-11-01', to: '2026-11-01' },
      },
    );
  for (const load of [fifth, sixth, fifth, sixth, sixth, fifth]) await load();
  t.deepEqual(
    (await loader.query('select call_id from billing_bdr order by 1')).map((row) => row.call_id),
    ['a', 'b', 'late', 'untimed'],
  );
});

test('an archive without given days replaces the days of its calls; a reload changes nothing', async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  await loader.load([{ name: 'calls.csv', content: october(10) }], { days });
  const content = october(11, '2026-09-28', '2026-10-03');
  for (let round = 0; round < 2; round += 1) {
    const loaded = await loader.load([{ name: 'at-hand.csv', content }], { reportId: 'file-1' });
    t.like(loaded, { rows: 66, days: { from: '2026-09-28', to: '2026-10-03' } });
    t.deepEqual(await loader.query('select file_name, count(*)::int as calls from billing_bdr group by 1 order by 1'), [
      { file_name: 'at-hand.csv', calls: 66 },
      { file_name: 'calls.csv', calls: 280 },
    ]);
  }
  await t.throwsAsync(loader.load([{ name: 'x.csv', content: 'a\n1\n' }], { type: 'NOVELTY' }), {
    message: /An archive of type NOVELTY doesn't show which days it covers/,
  });
});

test("a query on a month reads only that month, and dropping a month doesn't affect others", async (t) => {
  for (const server of t.context.servers) {
    const loader = await openLoader(t, server);
    await loader.load([{ name: 'calls.csv', content: october(5, '2026-08-30', '2026-11-02') }], {
      days: { from: '2026-08-30', to: '2026-11-02' },
    });
    const plan = await loader.query<{ 'QUERY PLAN': string }>(
      `explain select sum(amount) from billing_bdr
        where call_start_date_time >= '2026-10-01' and call_start_date_time < '2026-11-01'`,
    );
    const read = plan.flatMap((line) => /on (billing_bdr\w*)/.exec(line['QUERY PLAN'])?.[1] ?? []);
    t.deepEqual(read, ['billing_bdr__2026_10']);
    const files = () =>
      loader.query(
        `select relname, pg_relation_filenode(oid) as file from pg_class where relname ~ '^billing_bdr__2026_(08|10|11)$' order by 1`,
      );
    const before = await files();
    t.deepEqual(
      await loader.query(`
        select c.relname from pg_class c where c.relname ~ '^billing_bdr__' and c.relkind = 'r' and not exists (
          select from pg_indexes where tablename = c.relname and indexdef like '%(account_id, report_id)')`),
      [],
      'the rows of a report are not found by an index',
    );
    await loader.query('drop table billing_bdr__2026_09');
    t.deepEqual(await files(), before);
    await loader.load([{ name: 'calls.csv', content: october(5, '2026-09-01', '2026-09-30') }], {
      days: { from: '2026-09-01', to: '2026-09-30' },
    });
    t.deepEqual(await files(), before);
    t.deepEqual(await loader.query('select count(*)::int as calls from billing_bdr'), [{ calls: 65 * 5 }]);
  }
});

test('a report is loaded completely or not at all: a damaged second file undoes the first', async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  await loader.load([{ name: 'calls.csv', content: october(10) }], { days });
  const before = await loader.query('select xmin, ctid, call_id from billing_bdr order by ctid');
  await t.throwsAsync(
    loader.load(
      [
        { name: 'good.csv', content: `${october(20)}` },
        { name: 'damaged.csv', content: 'CallID,BrandNew\nx,y\n', wrongCrc: true },
      ],
      { days },
    ),
    {
      message: /the checksum \(CRC\) of "damaged\.csv" is wrong\. Nothing was loaded, and the archive was kept\./,
    },
  );
  t.deepEqual(await loader.query('select xmin, ctid, call_id from billing_bdr order by ctid'), before);
  t.deepEqual(await loader.query(`select 1 from pg_attribute where attname = 'brand_new'`), []);
});

for (const [what, content, message] of [
  ['a quote that is not closed', '"abc', /^The header of "x\.csv" can't be read as CSV \(Quote Not Closed/],
  ['a quote where none may be', 'a"b,c\n1,2\n', /^The header of "x\.csv" can't be read as CSV \(Invalid Opening Quote/],
  ['a zero byte', 'a\0b,c\n1,2\n', /^The header of "x\.csv" can't be read as CSV: it contains a zero byte\.$/],
] as const) {
  test(`a header with ${what} fails with the name of its file`, async (t) => {
    const loader = await openLoader(t, t.context.servers[0] as TestServer);
    await t.throwsAsync(loader.load([{ name: 'x.csv', content }]), { name: 'CsvError', message });
  });
}

test("the billing reader role reads call records; the ledger reader role doesn't", async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  await loader.load([{ name: 'calls.csv', content: october(1) }], { days });
  const may = async (role: string, table: string) =>
    (await loader.query<{ may: boolean }>(`select has_table_privilege($1, $2, 'select') as may`, [role, table]))[0]
      ?.may;
  for (const table of ['billing_bdr', 'billing_rejects']) t.true(await may('tn_ledger_billing_reader', table), table);
  for (const table of ['billing_bdr', 'billing_bdr__2026_10', 'billing_rejects']) {
    t.false(await may('tn_ledger_reader', table), table);
  }
  t.true(await may('tn_ledger_reader', 'billing_reports'));
});

test("columns keep Bandwidth's names, truncated to PostgreSQL's limit", async (t) => {
  const loader = await openLoader(t, t.context.servers[0] as TestServer);
  const long = 'L'.repeat(70);
  const header = `${callColumns},${long}a,${long}b,ctid,Select,3rdParty`;
  const row = `${',x'.repeat(header.split(',').length).slice(1)}`;
  const typed = row
    .split(',')
    .map((value, index) => ([1, 2, 6, 7, 8, 22].includes(index) ? '' : value))
    .join(',');
  await loader.load([{ name: 'x.csv', content: `${header}\n${typed}\n` }], { days });
  const names = await fileColumns(loader, 'bdr');
  t.true(names.includes('desination_rate_center'));
  t.deepEqual(names.slice(-5), ['l'.repeat(63), `${'l'.repeat(61)}_2`, 'ctid_2', '"select"', '_3rd_party']);
});
