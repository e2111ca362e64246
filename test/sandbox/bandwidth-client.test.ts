import { createRequire } from 'node:module';
import { promisify } from 'node:util';
import test from 'ava';
import type { Sandbox, SandboxNumber } from '../../src/sandbox/server.js';
import { linkOf, listedInService, sandboxFor } from './client.js';

// Bandwidth's own Node.js client has no type declarations; these cover what the tests use.
type Call<Arguments extends unknown[], Result> = (
  ...args: [...Arguments, (error: Error | null, result: Result) => void]
) => void;
type Query = Record<string, string | number>;
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
  Order: { list: Call<[object, Query], OrderList>; get: Call<[object, string], { orderStatus: string; order: Order }> };
  Disconnect: { list: Call<[object, Query], OrderList>; get: Call<[object, string, Query], Disconnect> };
  PortIn: { list: Call<[object, Query], PortList>; get: Call<[object, string], PortIn> };
  PortOut: { list: Call<[object, Query], PortList>; get: Call<[object, string], { portOutStatus: string }> };
  DiscNumber: {
    list: Call<[object, Query], { count: number; telephoneNumber: Array<string | number> }>;
    totals: Call<[object], { count: number }>;
  };
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
interface ListedOrder {
  orderId: string;
  orderStatus: string;
  countOfTNs: string | number;
}
interface OrderList {
  listOrderIdUserIdDate: {
    totalCount: number;
    links: { next?: string };
    orderIdUserIdDate: ListedOrder | ListedOrder[];
  };
}
interface ListedPort {
  orderId: string;
  processingStatus: string;
  fullNumber?: string | number;
}
interface PortList {
  totalCount: number;
  links: { next?: string };
  lnpPortInfoForGivenStatus: ListedPort | ListedPort[];
}
interface Order {
  id: string;
  customerOrderId?: string;
  getTns: Call<[], { count: number; telephoneNumber: string | number | Array<string | number> }>;
}
interface Disconnect {
  orderStatus: string;
  disconnectedTelephoneNumberList: { telephoneNumber: string | number | Array<string | number> };
}
interface PortIn {
  processingStatus: string;
  losingCarrierName: string;
  listOfPhoneNumbers: { phoneNumber: string | number | Array<string | number> };
}
const numbers = createRequire(import.meta.url)('@bandwidth/numbers') as Numbers;

function clientOf(sandbox: Sandbox): object {
  const { username, password, url } = sandbox;
  return new numbers.Client('9900000', username, password, undefined, undefined, { apiEndPoint: url });
}

/** The cursor in a next link as returned by the client. */
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
  t.is(details.sipPeer.peerName, 'Main');
});

const ever = { startdate: '2000-01-01', enddate: '2069-12-31' };
const shortEver = { startdate: '00-01-01', enddate: '69-12-31' };

const texts = (list: string | number | Array<string | number>) => [list].flat().map(String);

test('@bandwidth/numbers lists number orders, page by page, and reads one with its numbers', async (t) => {
  const sandbox = await sandboxFor(t);
  const client = clientOf(sandbox);
  const expected = sandbox.account('9900000').orders();
  const ids: string[] = [];
  let page: string | undefined = '1';
  while (page !== undefined) {
    const { listOrderIdUserIdDate: answer }: OrderList = await promisify(numbers.Order.list)(client, {
      page,
      size: 30,
      ...shortEver,
    });
    t.is(answer.totalCount, expected.length);
    ids.push(...[answer.orderIdUserIdDate].flat().map(({ orderId }) => orderId));
    page = cursorOf(answer.links.next);
  }
  t.deepEqual(
    ids,
    expected.map(({ orderId }) => orderId),
  );
  const some = expected.find(({ countOfTns }) => countOfTns > 1);
  const { order, orderStatus } = await promisify(numbers.Order.get)(client, some?.orderId ?? '');
  t.is(orderStatus, some?.status as string);
  t.is(order.id, some?.orderId as string);
  const tns = await promisify(order.getTns.bind(order))();
  t.deepEqual(
    texts(tns.telephoneNumber),
    some?.numbers.filter(({ outcome }) => outcome === 'COMPLETED').map(({ telephoneNumber }) => telephoneNumber),
  );
});

test('@bandwidth/numbers lists and reads disconnect orders and disconnected numbers', async (t) => {
  const sandbox = await sandboxFor(t);
  const client = clientOf(sandbox);
  const account = sandbox.account('9900000');
  const list = await promisify(numbers.Disconnect.list)(client, { ...shortEver, page: 1, size: 500 });
  t.deepEqual(
    [list.listOrderIdUserIdDate.orderIdUserIdDate].flat().map(({ orderId }) => orderId),
    account.disconnects().map(({ orderId }) => orderId),
  );
  const some = account.disconnects().find(({ status }) => status === 'COMPLETE');
  const order = await promisify(numbers.Disconnect.get)(client, some?.orderId ?? '', {});
  t.is(order.orderStatus, 'COMPLETE');
  t.deepEqual(
    texts(order.disconnectedTelephoneNumberList.telephoneNumber),
    some?.numbers.map(({ telephoneNumber }) => telephoneNumber),
  );
  const gone = account.disconnectedNumbers().map(({ telephoneNumber }) => telephoneNumber);
  const listed = await promisify(numbers.DiscNumber.list)(client, { page: 1, size: 5000 });
  t.deepEqual(texts(listed.telephoneNumber), gone);
  t.is((await promisify(numbers.DiscNumber.totals)(client)).count, gone.length);
});

test('@bandwidth/numbers lists and reads port-ins and port-outs', async (t) => {
  const sandbox = await sandboxFor(t, { portouts: 12 });
  const client = clientOf(sandbox);
  const account = sandbox.account('9900000');
  const portIns = account.portIns().filter(({ status }) => status !== 'DRAFT');
  const list = await promisify(numbers.PortIn.list)(client, { ...ever, page: 1, size: 500 });
  t.is(list.totalCount, portIns.length);
  t.deepEqual(
    [list.lnpPortInfoForGivenStatus].flat().map(({ orderId, processingStatus }) => ({ orderId, processingStatus })),
    portIns.map(({ orderId, status }) => ({ orderId, processingStatus: status })),
  );
  const done = portIns.find(({ status }) => status === 'COMPLETE');
  const portIn = await promisify(numbers.PortIn.get)(client, done?.orderId ?? '');
  t.like(portIn, { processingStatus: 'COMPLETE', losingCarrierName: done?.losingCarrierName });
  t.deepEqual(texts(portIn.listOfPhoneNumbers.phoneNumber), done?.numbers);
  const stuck = portIns.find(({ errors }) => errors.length > 0);
  const refused = promisify(numbers.PortIn.get)(client, stuck?.orderId ?? '');
  // The client reports an order's errors as a value that is not an Error.
  await t.throwsAsync(refused, { any: true, message: stuck?.errors[0]?.description as string });
  const outs = await promisify(numbers.PortOut.list)(client, { ...ever, page: 1, size: 500 });
  t.deepEqual(
    [outs.lnpPortInfoForGivenStatus]
      .flat()
      .map(({ orderId, fullNumber }) => [orderId, fullNumber && String(fullNumber)]),
    account
      .portOuts()
      .map(({ orderId, status, telephoneNumber }) => [orderId, status === 'NEW' ? undefined : telephoneNumber]),
  );
  const [first] = account.portOuts();
  t.is((await promisify(numbers.PortOut.get)(client, first?.orderId ?? '')).portOutStatus, first?.status as string);
});

test('@bandwidth/numbers reports API errors', async (t) => {
  const sandbox = await sandboxFor(t);
  const { url, username } = sandbox;
  const wrong = new numbers.Client('9900000', username, 'guess', undefined, undefined, { apiEndPoint: url });
  await t.throwsAsync(promisify(numbers.InServiceNumber.totals)(wrong), { message: 'Unauthorized' });
  const tooMany = promisify(numbers.InServiceNumber.list)(clientOf(sandbox), { page: 1, size: 5001 });
  await t.throwsAsync(tooMany, { message: 'Bad Request' });
});
