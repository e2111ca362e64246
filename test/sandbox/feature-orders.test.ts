import test, { type ExecutionContext } from 'ava';
import { parseXml, textAt } from '../../src/dashboard/xml.js';
import { type SandboxOptions, startSandbox } from '../../src/sandbox/server.js';

const day = 86_400_000;

async function open(t: ExecutionContext, options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ numbers: 50, features: 40, ...options });
  t.teardown(sandbox.close);
  const [id] = sandbox.accountIds as [string];
  const authorization = `Basic ${Buffer.from(`${sandbox.username}:${sandbox.password}`).toString('base64')}`;
  const get = async (path: string) => {
    const response = await fetch(`${sandbox.url}/accounts/${id}/${path}`, { headers: { authorization } });
    return { status: response.status, text: await response.text() };
  };
  return { sandbox, account: sandbox.account(id), get };
}

const idsIn = (xml: string) => [...xml.matchAll(/<orderId>(.+?)<\/orderId>/gi)].map(([, id]) => id);

for (const [segment, total, status, partial] of [
  ['tnoptions', 'TnOptionOrders.TotalCount', 'TnOptionOrder.ProcessingStatus', 'PARTIAL'],
  ['lidbs', 'ResponseSelectWrapper.ListOrderIdUserIdDate.TotalCount', 'LidbOrder.ProcessingStatus', 'PARTIAL'],
  [
    'dldas',
    'ResponseSelectWrapper.ListOrderIdUserIdDate.TotalCount',
    'DldaOrderResponse.DldaOrder.ProcessingStatus',
    'PARTIAL',
  ],
  ['lsrorders', 'LsrOrders.TotalCount', 'LsrOrder.OrderStatus', 'CANCELLED'],
  ['e911s', 'E911Orders.TotalCount', 'E911Order.ProcessingStatus', 'PARTIAL'],
] as const) {
  test(`${segment} lists orders of the last two years, or by last change in a window`, async (t) => {
    const { sandbox, account, get } = await open(t);
    const all = account.featureOrders(segment);
    const now = sandbox.clock.now().getTime();
    const recent = all.filter(({ orderDate }) => orderDate.getTime() >= now - 2 * 365.25 * day);
    t.true(recent.length > 0 && recent.length < all.length);
    t.deepEqual(
      idsIn((await get(segment)).text),
      recent.map(({ orderId }) => orderId),
    );
    const changed = all[20]?.lastModifiedDate.toISOString().slice(0, 10) ?? '';
    const wanted = all.filter(({ lastModifiedDate }) => lastModifiedDate.toISOString().slice(0, 10) === changed);
    const { text } = await get(`${segment}?modifiedDateFrom=${changed}&modifiedDateTo=${changed}`);
    t.deepEqual(
      idsIn(text),
      wanted.map(({ orderId }) => orderId),
    );
    t.is(textAt(parseXml(text), total), String(wanted.length));
  });

  test(`${segment} returns an order by ID, 404 for an unknown one, and 403 without the role`, async (t) => {
    const { sandbox, account, get } = await open(t);
    const [one, other] = [...account.numbers()].map(({ telephoneNumber }) => telephoneNumber) as [string, string];
    for (let n = 0; n < 9; n += 1) account.placeFeatureOrder(segment, [one, other], [other]);
    sandbox.clock.advance(day);
    const orders = account.featureOrders(segment).filter((order) => order.status === 'PARTIAL');
    const responses = await Promise.all(orders.map(({ orderId }) => get(`${segment}/${orderId}`)));
    // Some E911 orders have no numbers, and some have a status of their own.
    const n = responses.findIndex(({ text }) => !text.includes('<AlternateEndUserIdentifiers>'));
    const [order, { text = '' } = {}] = [orders[n], responses[n]];
    t.regex(textAt(parseXml(text), status) ?? '', new RegExp(`^(ADJUSTED_)?${partial}$`));
    for (const { telephoneNumber } of order?.numbers ?? []) t.true(text.includes(`>${telephoneNumber}<`));
    const failed = order?.numbers.filter(({ outcome }) => outcome === 'FAILED').length;
    if (partial === 'PARTIAL') t.is(text.match(/<Code>5076<\/Code>/g)?.length, failed);
    t.is((await get(`${segment}/none`)).status, 404);
    sandbox.oddities = { 'forbid-features': 1 };
    t.like(await get(segment), { status: 403, text: '' });
  });

  test(`${segment} without orders is an empty list, or with an oddity 404 without a body`, async (t) => {
    const { sandbox, get } = await open(t, { features: 0 });
    const { status, text } = await get(segment);
    t.is(status, 200);
    t.is(textAt(parseXml(text), total), '0');
    sandbox.oddities = { 'empty-features-404': 1 };
    t.like(await get(segment), { status: 404, text: '' });
  });
}

for (const [segment, item] of [
  ['tnoptions', 'TnOptionOrder'],
  ['e911s', 'E911Order'],
] as const) {
  test(`${segment} with orderDetails=true lists whole orders, or with an oddity summaries`, async (t) => {
    const { sandbox, get } = await open(t);
    const { text } = await get(`${segment}?orderDetails=true`);
    const whole = text.match(new RegExp(`<${item}>.+?</${item}>`, 'gs')) ?? [];
    const [id] = idsIn(text);
    t.true(whole.length > 5);
    t.true((await get(`${segment}/${id}`)).text.includes(whole[0] as string));
    sandbox.oddities = { 'order-details-ignored': 1 };
    t.is((await get(`${segment}?orderDetails=true`)).text, (await get(segment)).text);
  });
}
