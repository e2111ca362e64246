import test, { type ExecutionContext } from 'ava';
import { LedgerError } from '../../src/errors.js';
import { dateFormCount, truncateToForm, writeDate } from '../../src/sandbox/dates.js';
import { type SandboxNumber, type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';
import { dateOf, expectedRows, get, inServiceNumbers, listedInService, pagesOf, sandboxFor, tnRows } from './client.js';

const id = '9900000';
const tollFree = /^8(00|33|44|55|66|77|88)/;

async function numbersOf(options: SandboxOptions): Promise<SandboxNumber[]> {
  const sandbox = await startSandbox(options);
  const numbers = [...sandbox.account(id).numbers()];
  await sandbox.close();
  return numbers;
}

test('all numbers are valid in the numbering plan and unique', async (t) => {
  const numbers = await numbersOf({ numbers: 20_000 });
  t.is(new Set(numbers.map((number) => number.telephoneNumber)).size, 20_000);
  for (const { telephoneNumber } of numbers) {
    t.true(/^([2-9](?!11)\d\d[2-9](?!11)\d{6}|\+[1-9]\d{6,14})$/.test(telephoneNumber), telephoneNumber);
  }
});

test('numbers are in partly filled thousands-blocks, most in one rate center and a few in two', async (t) => {
  const numbers = await numbersOf({ numbers: 100_000 });
  const blocks = new Map<string, { count: number; rateCenters: Set<string | undefined> }>();
  for (const { telephoneNumber, rateCenter } of numbers) {
    if (!telephoneNumber.startsWith('+') && !tollFree.test(telephoneNumber) && /^[A-Z0-9 ]*$/.test(rateCenter ?? '')) {
      const name = telephoneNumber.slice(0, 7);
      const block = blocks.get(name) ?? { count: 0, rateCenters: new Set() };
      block.count++;
      block.rateCenters.add(rateCenter);
      blocks.set(name, block);
    }
  }
  const sizes = [...blocks.values()].map((block) => block.count);
  t.true(blocks.size > 100 && blocks.size < 300, `${blocks.size} blocks`);
  t.true(Math.max(...sizes) <= 950 && Math.max(...sizes) > 2 * Math.min(...sizes.filter((size) => size > 100)));
  const two = [...blocks.values()].filter((block) => block.rateCenters.size === 2).length;
  t.true(two > 0 && two < blocks.size / 10, `${two} blocks have two rate centers`);
  t.true([...blocks.values()].every((block) => block.rateCenters.size <= 2));
});

test('in-service dates span the six years before the given day; changes come later', async (t) => {
  const datesUntil = new Date('2024-07-01T00:00:00Z');
  const numbers = await numbersOf({ numbers: 5000, datesUntil });
  const years = new Set<number>();
  for (const { inServiceDate, lastModified } of numbers) {
    t.true(lastModified <= datesUntil);
    if (inServiceDate !== undefined) {
      years.add(inServiceDate.getUTCFullYear());
      t.true(inServiceDate >= new Date('2018-06-30T00:00:00Z') && inServiceDate <= datesUntil);
    }
  }
  t.deepEqual([...years].toSorted(), [2018, 2019, 2020, 2021, 2022, 2023, 2024]);
});

test('accounts from 200 numbers have awkward ones of every kind, half a percent in large accounts', async (t) => {
  t.deepEqual(await awkward(t, 199), {});
  t.deepEqual(await awkward(t, 200), {
    'toll-free': 1,
    foreign: 1,
    aging: 1,
    special: 1,
    padded: 1,
    date: 1,
    undated: 1,
  });
  const many = await awkward(t, 20_000);
  t.deepEqual(Object.keys(many).length, 7);
  t.is(
    Object.values(many).reduce((sum, count) => sum + count, 0),
    98,
  );
});

async function awkward(t: ExecutionContext, numbers: number): Promise<Record<string, number>> {
  const sandbox = await sandboxFor(t, { numbers });
  const kinds: Record<string, RegExp> = {
    'toll-free': /<FullNumber>8(?:00|33|44|55|66|77|88)\d{7}<\/FullNumber>[^+]*?<RateCenter><\/RateCenter>/,
    foreign: /<FullNumber>\+\d+<\/FullNumber>\s*<Country>..<\/Country>\s*<TnType>/,
    aging: /<Status>Aging</,
    special: /<VendorName>[^<]*&amp;/,
    padded: /<FullNumber>\n\s+\d{10}\n\s+<\/FullNumber>/,
    date: /<LastModified>(?!\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z<)[^\n]/,
    undated: /<\/LastModified>\s*<\/TelephoneNumber>/,
  };
  const found: Record<string, number> = {};
  for (const page of await pagesOf(sandbox, `/tns?accountId=${id}&size=2500`)) {
    const elements = page.split(/(?<=<\/TelephoneNumber>)/);
    for (const [kind, pattern] of Object.entries(kinds)) {
      const count = elements.filter((element) => pattern.test(element)).length;
      if (count > 0) {
        found[kind] = (found[kind] ?? 0) + count;
      }
    }
  }
  return found;
}

test('dates are written in all formats of the API, some of which are less precise', (t) => {
  const time = Date.parse('2014-01-10T17:34:15.797Z');
  const forms = Array.from({ length: dateFormCount }, (_, form) => writeDate(form, time));
  t.deepEqual(forms, [
    '2014-01-10T17:34:15Z',
    '2014-01-10T17-34-15Z',
    '2014-01-10T17-34-15.797Z',
    '2014-01-10T17',
    '2014-01-10 17:34:15.7',
    '2014-01-10 17:34:15',
    '2014-01-10T21:34:15+04:00',
    '2014-01-10',
  ]);
  for (const [form, text] of forms.entries()) {
    t.is(truncateToForm(form, time), dateOf(text).getTime(), text);
  }
});

test('awkward numbers have LastModified in several of these formats', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 20_000 });
  const forms = new Set<string>();
  for (const page of await pagesOf(sandbox, `/tns?accountId=${id}&size=2500`)) {
    for (const [, date = ''] of page.matchAll(/<LastModified>([^\n<]+)</g)) {
      forms.add(date.replaceAll(/\d/g, '9'));
    }
  }
  t.true(forms.size >= 5, [...forms].join(', '));
});

async function agrees(t: ExecutionContext, sandbox: Awaited<ReturnType<typeof sandboxFor>>): Promise<void> {
  t.deepEqual(await tnRows(sandbox, `accountId=${id}&size=2500`), expectedRows(sandbox, id));
  const listed = listedInService(sandbox, id);
  t.deepEqual((await inServiceNumbers(sandbox, id)).toSorted(), listed.toSorted());
  t.is(sandbox.account(id).inServiceCount, listed.length);
  t.is(sandbox.account(id).count, expectedRows(sandbox, id).length);
}

test('added numbers are new, in service and dated by the clock', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 500 });
  const account = sandbox.account(id);
  const before = new Set(expectedRows(sandbox, id).map((row) => row.telephoneNumber));
  sandbox.clock.advance(86_400_000);
  const from = sandbox.clock.now();
  const added = account.add(30);
  t.is(new Set(added).size, 30);
  t.true(added.every((number) => !before.has(number)));
  for (const row of expectedRows(sandbox, id).filter((each) => added.includes(each.telephoneNumber))) {
    t.is(row.status, 'Inservice');
    t.true(row.inServiceDate !== undefined && row.inServiceDate >= from && row.inServiceDate <= sandbox.clock.now());
    t.deepEqual(row.lastModified, row.inServiceDate);
  }
  await agrees(t, sandbox);
  const other = await sandboxFor(t, { numbers: 500 });
  t.deepEqual(other.account(id).add(30), added, 'the seed determines which ones');
});

test('disconnected numbers leave both lists; aging ones stay in /tns as Aging', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 500 });
  const account = sandbox.account(id);
  const [first = '', second = '', third = ''] = listedInService(sandbox, id);
  account.disconnect([first]);
  const from = sandbox.clock.now();
  account.disconnect([second, third], { aging: true });
  await agrees(t, sandbox);
  const rows = expectedRows(sandbox, id);
  t.false(rows.some((row) => row.telephoneNumber === first));
  for (const number of [second, third]) {
    const row = rows.find((each) => each.telephoneNumber === number);
    t.is(row?.status, 'Aging');
    t.true(row !== undefined && row.lastModified >= from);
  }
  t.is((await get(sandbox, `/tns/${encodeURIComponent(first)}`)).status, 404);
});

test('a changed number shows the changes; its status determines whether it is in service', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 500 });
  const account = sandbox.account(id);
  const number = expectedRows(sandbox, id).find(({ city }) => city !== undefined)?.telephoneNumber ?? '';
  const lastModified = new Date('2026-02-03T04:05:06.789Z');
  account.change(number, { rateCenter: 'A & B', city: undefined, inServiceDate: undefined, tier: '3', lastModified });
  const row = () => expectedRows(sandbox, id).find((each) => each.telephoneNumber === number);
  t.like(row(), { rateCenter: 'A & B', city: undefined, inServiceDate: undefined, tier: '3', lastModified });
  await agrees(t, sandbox);
  account.change(number, { status: 'Aging' });
  t.true((row()?.lastModified as Date) > lastModified, 'a change without a date gets the current clock time');
  t.false(listedInService(sandbox, id).includes(number));
  await agrees(t, sandbox);
  account.change(number, { status: 'Inservice' });
  t.true(listedInService(sandbox, id).includes(number));
  await agrees(t, sandbox);
});

test('a number not on the account cannot be changed or disconnected', async (t) => {
  const account = (await sandboxFor(t, { numbers: 10 })).account(id);
  const before = [...account.numbers()];
  t.throws(() => account.change('2129999999', { tier: '1' }), { instanceOf: LedgerError, message: /2129999999/ });
  t.throws(() => account.disconnect([before[0]?.telephoneNumber ?? '', 'nonsense']), { message: /nonsense/ });
  t.deepEqual([...account.numbers()], before);
});

test('churn adds, disconnects and changes different numbers and returns them', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 2000 });
  const account = sandbox.account(id);
  const before = new Map(expectedRows(sandbox, id).map((row) => [row.telephoneNumber, row]));
  const { added, disconnected, changed } = account.churn(500, 7);
  t.is(added.length + disconnected.length + changed.length, 500);
  t.is(new Set([...added, ...disconnected, ...changed]).size, 500);
  const after = new Map(expectedRows(sandbox, id).map((row) => [row.telephoneNumber, row]));
  t.true(added.every((number) => !before.has(number) && after.get(number)?.status === 'Inservice'));
  const aged = disconnected.filter((number) => after.get(number)?.status === 'Aging').length;
  t.is(aged, Math.ceil(disconnected.length / 2));
  t.is(disconnected.filter((number) => !after.has(number)).length, disconnected.length - aged);
  for (const number of changed) {
    const { lastModified: _, ...now } = after.get(number) as SandboxNumber & { accountId: string };
    const { lastModified: __, ...then } = before.get(number) as SandboxNumber & { accountId: string };
    t.notDeepEqual(now, then, number);
    t.is(now.status, 'Inservice');
  }
  const touched = new Set([...disconnected, ...changed]);
  for (const [number, row] of before) {
    if (!touched.has(number)) {
      t.deepEqual(after.get(number), row);
    }
  }
  await agrees(t, sandbox);
  const other = await sandboxFor(t, { numbers: 2000 });
  t.deepEqual(other.account(id).churn(500, 7), { added, disconnected, changed });
  t.notDeepEqual((await sandboxFor(t, { numbers: 2000 })).account(id).churn(500, 8), { added, disconnected, changed });
  t.throws(() => account.churn(100_000), { instanceOf: LedgerError, message: /too few to churn 100000/ });
});

test('100,000 numbers need little memory, and both lists contain all of them', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 100_000 });
  const account = sandbox.account(id);
  t.is(account.count, 100_000);
  t.is(account.inServiceCount, 100_000 - 71);
  const pages = await pagesOf(sandbox, `/accounts/${id}/inserviceNumbers?size=5000`);
  t.is(pages.length, 20);
  const listed = pages.flatMap((page) => Array.from(page.matchAll(/<TelephoneNumber>\s*([^<\s]+)/g), ([, tn]) => tn));
  t.is(new Set(listed).size, account.inServiceCount);
  const details = await pagesOf(sandbox, `/tns?accountId=${id}&size=2500`);
  const named = details.flatMap((page) => Array.from(page.matchAll(/<FullNumber>\s*([^<\s]+)/g), ([, tn]) => tn));
  t.is(details.length, 40);
  t.deepEqual(
    named,
    Array.from(account.numbers(), (number) => number.telephoneNumber),
  );
  t.true(process.memoryUsage().rss < 500e6, `${Math.round(process.memoryUsage().rss / 1e6)} MB`);
});
