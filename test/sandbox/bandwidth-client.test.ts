import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import test from 'ava';
import type { Sandbox, SandboxNumber } from '../../src/sandbox/server.js';
import { linkOf, listedInService, sandboxFor } from './client.js';

// Bandwidth's own Node client, as far as these tests use it; it brings no types.
type Call<Arguments extends unknown[], Result> = (
  ...args: [...Arguments, (error: Error | null, result: Result) => void]
) => void;
interface ListedTn {
  fullNumber: string | number;
  city?: string;
  rateCenter?: string;
  status: string;
  accountId: string | number;
  inServiceDate: Date;
}
interface InServiceList {
  totalCount: number;
  links: { first: string; next?: string };
  telephoneNumbers: { count: number; telephoneNumber: Array<string | number> };
}
interface TnList {
  links: { next?: string };
  telephoneNumbers: { telephoneNumber: ListedTn[] };
}
interface Tn {
  telephoneNumber: string;
  status: string;
  getTnDetails: Call<[], { fullNumber: string; city: string; rateCenter: string; sipPeer: { peerName: string } }>;
}
interface Numbers {
  Client: new (
    accountId: string,
    userName: string,
    password: string,
    clientId: string | undefined,
    clientSecret: string | undefined,
    options: { apiEndPoint: string },
  ) => object;
  InServiceNumber: {
    list: Call<[object, Record<string, string | number>], InServiceList>;
    totals: Call<[object], { count: number }>;
    get: Call<[object, string], object>;
  };
  Tn: {
    list: Call<[object, Record<string, string | number>], TnList>;
    get: Call<[object, string], Tn>;
  };
}
const numbers = createRequire(import.meta.url)('@bandwidth/numbers') as Numbers;

function clientOf(sandbox: Sandbox): object {
  const { username, password, url } = sandbox;
  return new numbers.Client('9900000', username, password, undefined, undefined, { apiEndPoint: url });
}

/** The cursor in a next link as the client hands it over. */
function cursorOf(link: string | undefined): string | undefined {
  return link === undefined ? undefined : linkOf(`<next>${link}</next>`, 'next')?.query.page;
}

test('@bandwidth/numbers lists the numbers in service, page by page', async (t) => {
  const sandbox = await sandboxFor(t);
  const client = clientOf(sandbox);
  const list = promisify(numbers.InServiceNumber.list);
  const listed: string[] = [];
  let page: string | undefined = '1';
  while (page !== undefined) {
    const answer: InServiceList = await list(client, { page, size: 300 });
    t.is(answer.totalCount, sandbox.account('9900000').inServiceCount);
    t.is(answer.telephoneNumbers.count, answer.telephoneNumbers.telephoneNumber.length);
    listed.push(...answer.telephoneNumbers.telephoneNumber.map((number) => String(number).trim()));
    page = cursorOf(answer.links.next);
  }
  t.deepEqual(listed.toSorted(), listedInService(sandbox, '9900000').toSorted());
  t.is((await promisify(numbers.InServiceNumber.totals)(client)).count, listed.length);
});

test('@bandwidth/numbers verifies that a number is in service', async (t) => {
  const sandbox = await sandboxFor(t);
  const verify = promisify(numbers.InServiceNumber.get);
  const [number = ''] = listedInService(sandbox, '9900000').filter((each) => each.startsWith('2'));
  t.deepEqual(await verify(clientOf(sandbox), number), {});
  await t.throwsAsync(verify(clientOf(sandbox), '2129999999'), { message: 'Not Found' });
});

test('@bandwidth/numbers lists TNs with their details, page by page', async (t) => {
  const sandbox = await sandboxFor(t);
  const list = promisify(numbers.Tn.list);
  const listed: ListedTn[] = [];
  let page: string | undefined = '1';
  while (page !== undefined) {
    const answer: TnList = await list(clientOf(sandbox), { accountId: '9900000', page, size: 300 });
    listed.push(...answer.telephoneNumbers.telephoneNumber);
    page = cursorOf(answer.links.next);
  }
  const held = [...sandbox.account('9900000').numbers()];
  t.deepEqual(
    listed.map((tn) => String(tn.fullNumber).trim()),
    held.map((number) => number.telephoneNumber),
  );
  const plain = held.findIndex(({ city, inServiceDate }) => /^[A-Z]+$/.test(city ?? '') && inServiceDate !== undefined);
  const { city, rateCenter, status, inServiceDate } = held[plain] as SandboxNumber;
  t.like(listed[plain], { city, rateCenter, status, inServiceDate });
});

test('@bandwidth/numbers reads one TN and its details', async (t) => {
  const sandbox = await sandboxFor(t);
  const held = [...sandbox.account('9900000').numbers()];
  const number = held.find(({ city }) => city === 'RALEIGH') as SandboxNumber;
  const tn = await promisify(numbers.Tn.get)(clientOf(sandbox), number.telephoneNumber);
  t.is(tn.telephoneNumber, number.telephoneNumber);
  t.is(tn.status, 'Inservice');
  const details = await promisify(tn.getTnDetails.bind(tn))();
  t.is(details.fullNumber, number.telephoneNumber);
  t.like(number, { city: details.city, rateCenter: details.rateCenter });
  t.is(details.sipPeer.peerName, 'a2750fad-3');
});

test('@bandwidth/numbers meets the API’s errors', async (t) => {
  const sandbox = await sandboxFor(t);
  const { url, username } = sandbox;
  const wrong = new numbers.Client('9900000', username, 'guess', undefined, undefined, { apiEndPoint: url });
  await t.throwsAsync(promisify(numbers.InServiceNumber.totals)(wrong), { message: 'Unauthorized' });
  const tooMany = promisify(numbers.InServiceNumber.list)(clientOf(sandbox), { page: 1, size: 5001 });
  await t.throwsAsync(tooMany, { message: 'Bad Request' });
});
