import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { type ExecutionContext } from 'ava';
import { readPriceList } from '../../src/billing/prices.js';
import { makeFolder } from '../end-to-end/support.js';

const number = { tier: '0', state: 'NC', rate_center: 'RALEIGH', npa: '919' };

async function read(t: ExecutionContext, csv: string) {
  const path = join(await makeFolder(t), 'prices.csv');
  await writeFile(path, csv);
  return readPriceList(path);
}

test('the first line that fits a number has its price, and blank cells fit every number', async (t) => {
  const list = await read(
    t,
    '\ufefftier,State,rate_center,npa,monthly_price\r\n5,,,,0.75\r\n,nc,Raleigh,,0.40\r\n,,,919,0.35\r\n,NC,RALEIGH,,9\r\n,,,,0.250\r\n',
  );
  t.is(list.priceOf(number), '0.40');
  t.is(list.priceOf({ ...number, tier: '5' }), '0.75');
  t.is(list.priceOf({ ...number, rate_center: 'CARY' }), '0.35');
  t.is(list.priceOf({ tier: null, state: null, rate_center: null, npa: null }), '0.250');
});

test('a number that no line fits has no price', async (t) => {
  const list = await read(t, 'state,monthly_price\nAK,0.6\n');
  t.is(list.priceOf(number), undefined);
});

test('a file that is not a price list is refused with its line', async (t) => {
  const refused = async (csv: string, message: RegExp) => t.throwsAsync(read(t, csv), { name: 'UsageError', message });
  await refused('', /prices\.csv is not a price list\.$/);
  await refused('tier,price\n0,1\n', /has the unknown column "price"\.$/);
  await refused('tier,monthly_price\n0,1\n1,$2\n', /^Line 3 of .*prices\.csv has no price such as 0\.25: "1,\$2"\.$/);
  await refused('tier,monthly_price\n0\n', /^Line 2 of /);
  await refused('tier,monthly_price\n"0,1\n', /can't be read as CSV/);
  await t.throwsAsync(readPriceList('/nowhere/prices.csv'), { name: 'UsageError', message: /can't be read: ENOENT/ });
});
