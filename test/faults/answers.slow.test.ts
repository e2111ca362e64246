import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import anyTest, { type ExecutionContext, type TestFn } from 'ava';
import type { DashboardClientOptions } from '../../src/dashboard/client.js';
import { makeCertificate } from '../alerts/support/listeners.js';
import { cliProcess } from '../end-to-end/support.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { recordProof } from '../support/proof.js';
import { ledgerVersions, progress } from '../sync/support/contents.js';
import { account, type Ledger, openLedger } from '../sync/support/ledger.js';
import { openScripted, type Script } from './support/scripted-api.js';

const test = anyTest as TestFn<{ server: TestServer }>;

test.before(async (t) => {
  t.context.server = await startPostgres();
});
test.after.always((t) => t.context.server?.stop());

interface Case {
  script: Script;
  options?: Partial<DashboardClientOptions>;
  error: RegExp;
}

const from =
  (page: number, script: Script): Script =>
  (each, response) =>
    each.nth < page ? each.text : script(each, response);
const withoutBody: (status: number, headers?: Record<string, string>) => Script = (status, headers) => (_, response) =>
  void response.writeHead(status, headers).end();
const megabyte = Buffer.alloc(1e6, '<!-- -->');

let megabytesSent = 0;

/** Sends the same megabyte until 500 are sent or the client has had enough. */
const endless: Script = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/xml' });
  let sent = 0;
  const send = () => {
    while (sent < 500 && !response.destroyed) {
      sent += 1;
      megabytesSent += 1;
      if (!response.write(megabyte)) return void response.once('drain', send);
    }
    response.end();
  };
  send();
  return undefined;
};

/** Sends a byte ten times a second, for ever. */
const drip: Script = (_, response) => {
  response.writeHead(200, { 'content-type': 'application/xml' });
  const timer = setInterval(() => response.write(' '), 100);
  response.on('close', () => clearInterval(timer));
  return undefined;
};

let firstPage = '';
const cases: Record<string, Case> = {
  'a total that changes from page to page': {
    script: ({ nth, text }) => text.replace(/<TotalCount>\d+/, `<TotalCount>${400 + nth}`),
    error: /in-service list of account 9900000 changed while it was read, 3 times in a row/,
  },
  'a page that repeats an earlier one': {
    script: ({ nth, text }) => {
      if (nth === 1) firstPage = text;
      return nth < 3 ? text : firstPage;
    },
    error: /GET \/api\/accounts\/9900000\/inserviceNumbers\?page=.* \(account 9900000, .*(repeats|a loop)/,
  },
  'next links in a circle': {
    script: from(3, ({ text }) => text.replace(/page=[^&;]+(?=[^<]*rel=&quot;next|[^<]*rel="next)/, 'page=1')),
    error:
      /inserviceNumbers\?page=.* \(account 9900000, .*links to page "1" as the next page, which was already read: a loop/,
  },
  'a body of 500 MB': { script: from(2, endless), error: /\(account 9900000, .*longer than TN_LEDGER_MAX_BODY=16MB/ },
  'a gzip bomb': {
    script: from(2, (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(Buffer.alloc(60e6)));
      return undefined;
    }),
    error: /\(account 9900000, .*longer than TN_LEDGER_MAX_BODY=16MB/,
  },
  'a megabyte of headers': {
    script: from(2, withoutBody(200, { 'x-filler': 'x'.repeat(1e6) })),
    error: /\(account 9900000, .*Headers Overflow/,
  },
  'a response that drips': {
    script: from(2, drip),
    options: { timeouts: { totalMs: 300 } },
    error: /\(account 9900000, .*not complete after TN_LEDGER_REQUEST_TIMEOUT=/,
  },
  'a clock that jumps ahead during the run': {
    script: from(2, ({ text }, response) => {
      response.setHeader('date', new Date(Date.now() + 7 * 3_600_000).toUTCString());
      return text;
    }),
    options: { maxClockDifferenceMs: 3_600_000 },
    error: /\(account 9900000, .*clock/,
  },
  'a redirect on the same host': {
    script: from(2, withoutBody(302, { location: '/api/elsewhere' })),
    error: /\(account 9900000, .*status 302 redirects to http:\/\/127\.0\.0\.1:\d+; the redirect was not followed/,
  },
};

/** A ledger with numbers, and a list that has changed since. */
async function openChanged(t: ExecutionContext<{ server: TestServer }>): Promise<Ledger> {
  const ledger = await openLedger(t, t.context.server, { sandbox: { numbers: 400 } });
  t.is((await ledger.run('sync-inservice-numbers')).result, 'succeeded');
  ledger.sandbox.account(account).churn(40);
  return ledger;
}

test('a list that is damaged on purpose fails by name, and changes nothing', async (t) => {
  const ledger = await openChanged(t);
  const before = await ledgerVersions(ledger, progress);
  for (const [title, { script, options, error }] of Object.entries(cases)) {
    const client = await openScripted(t, ledger, script, options);
    const report = await ledger.run('sync-inservice-numbers', { client });
    t.is(report.result, 'failed', title);
    t.regex(report.error?.message ?? '', error, title);
    t.deepEqual(await ledgerVersions(ledger, progress), before, title);
    await ledger.query('delete from sync_cursors');
  }
  t.true(megabytesSent < 200, `${megabytesSent} MB were read in three attempts`);
  const again = await ledger.run('sync-inservice-numbers');
  t.is(again.result, 'succeeded', again.error?.message);
  t.true(again.counts.rowsWritten > 0);
  recordProof({
    promise: 'A damaged list changes nothing: the run fails and says which list, account and page.',
    faults: Object.keys(cases).join(', '),
    points: Object.keys(cases).length,
    lost: 0,
    command: 'npm run test:slow',
  });
});

test('a redirect to another host is not followed, so that it never gets credentials', async (t) => {
  const ledger = await openChanged(t);
  let received = 0;
  const other = createServer((_request, response) => {
    received += 1;
    response.end();
  });
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  t.teardown(() => void other.close());
  const location = `http://127.0.0.1:${(other.address() as AddressInfo).port}/api`;
  const client = await openScripted(t, ledger, withoutBody(307, { location }));
  const { error } = await ledger.run('sync-inservice-numbers', { client });
  t.regex(error?.message ?? '', /status 307 redirects to http:\/\/127\.0\.0\.1:\d+; the redirect was not followed/);
  t.is(received, 0);
});

const withOpenssl = onlyIf(test, spawnSync('openssl', ['version']).error === undefined, 'needs openssl');

withOpenssl('an API whose certificate is not accepted fails by name with the fix, and changes nothing', async (t) => {
  const ledger = await openChanged(t);
  const before = await ledgerVersions(ledger, progress);
  for (const [names, isTrusted, error] of [
    ['IP:127.0.0.1', false, /not accepted: self-signed certificate\n.*Set NODE_EXTRA_CA_CERTS, /],
    ['DNS:api.example', true, /not accepted: Hostname\/IP does not match .*\n.*Use a host name that the certificate/],
  ] as const) {
    const certificate = await makeCertificate(t, names);
    const { origin } = await openScripted(t, ledger, ({ text }) => text, { certificate });
    const { status, stderr } = await cliProcess(t, ['run', 'sync-inservice-numbers'], {
      env: {
        ...ledger.env,
        BANDWIDTH_API_URL: `${origin}/api`,
        ...(isTrusted && { NODE_EXTRA_CA_CERTS: certificate.path }),
      },
    });
    t.is(status, 1, stderr);
    t.regex(stderr, error);
    t.deepEqual(await ledgerVersions(ledger, progress), before);
  }
});
