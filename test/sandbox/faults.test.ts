import test from 'ava';
import { errors, request } from 'undici';
import { UsageError } from '../../src/errors.js';
import { type FaultKind, type FaultRates, faultKinds, parseFaults, type Sandbox } from '../../src/sandbox/server.js';
import { type Got, get, linkOf, listedInService, parse, rowsIn, sandboxFor, userHeaders } from './client.js';
import { serveAdmin } from './support/admin.js';

const inServicePath = '/accounts/9900000/inserviceNumbers';

function lastRequest(sandbox: Sandbox) {
  return sandbox.requests.at(-1);
}

test('faults are parsed as kinds and rates; all excludes short-list', (t) => {
  t.deepEqual(parseFaults('429=0.05, 500=.1,short-list=1'), { 429: 0.05, 500: 0.1, 'short-list': 1 });
  t.deepEqual(parseFaults(''), {});
  const all = parseFaults('all=0.05,stall=0');
  t.is(all['short-list'], undefined);
  t.is(all.stall, 0);
  t.deepEqual(Object.keys(all).toSorted(), faultKinds.filter((kind) => kind !== 'short-list').toSorted());
});

test('the error for an unknown fault or invalid rate names it and lists the kinds', (t) => {
  for (const [text, named] of [
    ['503=0.1', "'503'"],
    ['500=1.5', "'1.5'"],
    ['500=-1', "'-1'"],
    ['500=often', "'often'"],
    ['500', "''"],
    ['500=0.1=0.2', "'500'"],
  ] as const) {
    const error = t.throws(() => parseFaults(text), { instanceOf: UsageError });
    t.true(error?.message.includes(named), `${text}: ${error?.message}`);
    t.true(faultKinds.every((kind) => error?.hint?.includes(kind)));
  }
});

for (const resetUnit of ['seconds', 'milliseconds'] as const) {
  test(`429 has an empty body and gives in ${resetUnit} when the limit clears`, async (t) => {
    const sandbox = await sandboxFor(t, { faults: { 429: 1 }, resetUnit });
    const asked = Date.now();
    const { status, body, headers } = await get(sandbox, '/accounts/9900000');
    t.is(status, 429);
    t.is(body, '');
    const reset = Number(headers.get('x-ratelimit-reset')) * (resetUnit === 'seconds' ? 1000 : 1);
    t.true(reset >= asked + 1000 && reset <= Date.now() + 2001, `${reset - asked} ms from now`);
    t.is(lastRequest(sandbox)?.fault, '429');
    t.is(lastRequest(sandbox)?.status, 429);
  });
}

test('500 is an error in the API’s format', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { 500: 1 } });
  const { status, body } = await get(sandbox, '/accounts/9900000');
  t.is(status, 500);
  t.is(parse(body).ErrorResponse.ResponseStatus.Description, 'Internal server error');
});

test('reset breaks the connection in the middle of the response', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { reset: 1 } });
  await t.throwsAsync(get(sandbox, '/tns?accountId=9900000'));
  const empty = listedInService(sandbox, '9900000').at(-1);
  await t.throwsAsync(get(sandbox, `${inServicePath}/${empty}`), undefined, 'a response without a body is also reset');
  t.deepEqual(
    sandbox.requests.map(({ fault, status }) => ({ fault, status })),
    [
      { fault: 'reset', status: undefined },
      { fault: 'reset', status: undefined },
    ],
  );
});

test('stall sends half of the response, then nothing until the client gives up', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { stall: 1 } });
  const { statusCode, headers, body } = await request(`${sandbox.url}/tns?accountId=9900000`, {
    headers: userHeaders(sandbox),
    bodyTimeout: 400,
  });
  t.is(statusCode, 200);
  let received = 0;
  await t.throwsAsync(
    async () => {
      for await (const chunk of body) {
        received += (chunk as Buffer).length;
      }
    },
    { instanceOf: errors.BodyTimeoutError },
  );
  t.is(received, Math.floor(Number(headers['content-length']) / 2));
  t.is(lastRequest(sandbox)?.fault, 'stall');
});

test('closing the sandbox ends stalled responses', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { stall: 1 } });
  const { body } = await request(`${sandbox.url}/tns?accountId=9900000`, { headers: userHeaders(sandbox) });
  const read = t.throwsAsync(body.text());
  await sandbox.close();
  await read;
});

test('truncate cuts off the XML of a complete HTTP response', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { truncate: 1 } });
  const { status, body, headers } = await get(sandbox, '/tns?accountId=9900000');
  t.is(status, 200);
  t.is(Number(headers.get('content-length')), Buffer.byteLength(body));
  t.throws(() => parse(body));
  sandbox.faults = {};
  const whole = await get(sandbox, '/tns?accountId=9900000');
  t.true(whole.body.startsWith(body));
  t.notThrows(() => parse(whole.body));
});

test('html returns a proxy page, alternately with 200 and 502', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { html: 1 } });
  const statuses: number[] = [];
  for (let i = 0; i < 4; i++) {
    const { status, body, headers } = await get(sandbox, '/tns?accountId=9900000');
    statuses.push(status);
    t.is(headers.get('content-type'), 'text/html');
    t.regex(body, /^<!DOCTYPE html>/);
  }
  t.deepEqual(statuses, [200, 502, 200, 502]);
});

for (const path of [`${inServicePath}?size=100`, '/tns?accountId=9900000&size=100']) {
  test(`duplicate-page returns the previous page of ${path}, including its next link`, async (t) => {
    const sandbox = await sandboxFor(t, { faults: { 'duplicate-page': 1 } });
    const first = await get(sandbox, `${path}&page=1`);
    t.is(lastRequest(sandbox)?.fault, undefined, 'there is no page before the first');
    const second = linkOf(first.body, 'next')?.query.page ?? '';
    t.is((await get(sandbox, `${path}&page=${second}`)).body, first.body);
    t.is(lastRequest(sandbox)?.fault, 'duplicate-page');
    sandbox.faults = { 'duplicate-page': 0.000001 };
    const real = await get(sandbox, `${path}&page=${second}`);
    t.not(real.body, first.body);
    sandbox.faults = { 'duplicate-page': 1 };
    const third = linkOf(real.body, 'next')?.query.page ?? '';
    t.is((await get(sandbox, `${path}&page=${third}`)).body, real.body, 'the previous page is the last one read');
    t.is((await get(sandbox, `${path}&page=1`)).body, first.body);
  });
}

test('short-list omits numbers; only TotalCount shows it', async (t) => {
  const sandbox = await sandboxFor(t, { numbers: 400, faults: { 'short-list': 1 } });
  const { TotalCount, TelephoneNumbers } = parse((await get(sandbox, `${inServicePath}?size=5000`)).body).TNs;
  t.is(TotalCount, String(sandbox.account('9900000').inServiceCount));
  t.true(TelephoneNumbers.TelephoneNumber.length < Number(TotalCount));
  t.is(TelephoneNumbers.Count, String(TelephoneNumbers.TelephoneNumber.length));
  const details = await get(sandbox, '/tns?accountId=9900000&size=500');
  t.true(rowsIn(details.body).length < 400);
  t.deepEqual(
    sandbox.requests.map((each) => each.fault),
    ['short-list', 'short-list'],
  );
});

test('raw-links leaves angle brackets and ampersands in links unescaped and changes nothing else', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { 'raw-links': 1 } });
  for (const path of [`${inServicePath}?size=10`, '/tns?accountId=9900000&size=10']) {
    sandbox.faults = { 'raw-links': 1 };
    const raw = await get(sandbox, path);
    t.throws(() => parse(raw.body));
    t.regex(raw.body, /<next>Link=<http[^<]*[?&]page=[^<]*&size=10>;rel="next";<\/next>/);
    sandbox.faults = {};
    const escaped = await get(sandbox, path);
    t.notThrows(() => parse(escaped.body));
    t.deepEqual(linkOf(raw.body, 'next'), linkOf(escaped.body, 'next'));
    const links = /<Links>[\s\S]*<\/Links>/;
    t.is(raw.body.replace(links, ''), escaped.body.replace(links, ''));
  }
});

test('token and admin requests never have faults', async (t) => {
  const sandbox = await sandboxFor(t, {
    faults: Object.fromEntries(faultKinds.map((kind) => [kind, 1])),
    extend: serveAdmin,
  });
  const token = await fetch(sandbox.tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from('sandbox-client:sandbox-client-secret').toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });
  t.is(token.status, 200);
  t.is((await fetch(new URL('/sandbox/info', sandbox.url))).status, 200);
  t.is((await get(sandbox, '/accounts/9900000')).status, 429);
});

/** The fault of each path, regardless of arrival order. */
async function faultsMet(sandbox: Sandbox, paths: string[]): Promise<Array<FaultKind | undefined>> {
  sandbox.clearRequests();
  await Promise.all(paths.map((path) => get(sandbox, path)));
  const met = new Map(sandbox.requests.map(({ path, fault }) => [path, fault]));
  return paths.map((path) => met.get(`/api${path}`));
}

test('faults occur at their rates and depend only on the seed and the request', async (t) => {
  const faults: FaultRates = { 429: 0.1, 500: 0.1 };
  const paths = Array.from({ length: 300 }, (_, i) => `/tns/${2_000_000_000 + i}`);
  const first = await faultsMet(await sandboxFor(t, { faults }), paths);
  const second = await sandboxFor(t, { faults });
  await faultsMet(second, ['/accounts/9900000', '/tns?accountId=9900000']);
  t.deepEqual(await faultsMet(second, paths), first);
  t.notDeepEqual(await faultsMet(await sandboxFor(t, { faults, seed: 2 }), paths), first);
  for (const kind of ['429', '500'] as const) {
    const met = first.filter((fault) => fault === kind).length;
    t.true(met > 12 && met < 50, `${kind}: ${met} of 300`);
  }
  t.notDeepEqual(await faultsMet(second, paths), first, 'a repeated request can have another fault');
});

test('a client with retries reads everything despite all faults', async (t) => {
  const sandbox = await sandboxFor(t, { faults: { ...parseFaults('all=0.1'), stall: 0 } });
  const numbers: string[] = [];
  const pagesRead = new Set<string>();
  let page: string | undefined = '1';
  for (let tries = 0; page !== undefined && tries < 500; tries++) {
    const got: Got | undefined = await get(sandbox, `${inServicePath}?size=20&page=${page}`).catch(() => undefined);
    if (got?.status !== 200 || !got.body.endsWith('</TNs>\n')) {
      continue;
    }
    const next: string | undefined = linkOf(got.body, 'next')?.query.page;
    if (next === page) {
      continue;
    }
    pagesRead.add(page);
    numbers.push(...Array.from(got.body.matchAll(/<TelephoneNumber>\s*([^<\s]+)/g), ([, number]) => number as string));
    page = next;
  }
  t.is(page, undefined);
  t.deepEqual(numbers.toSorted(), listedInService(sandbox, '9900000').toSorted());
  const met = new Set(sandbox.requests.map((each) => each.fault));
  for (const kind of ['429', '500', 'reset', 'truncate', 'html', 'duplicate-page', 'raw-links'] as const) {
    t.true(met.has(kind), kind);
  }
});
