import { spawnSync } from 'node:child_process';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { cliProcess, makeDatabase } from '../end-to-end/support.js';
import { onlyIf } from '../support/only-if.js';
import { startPostgres, type TestServer } from '../support/postgres.js';
import { makeCertificate, startMailServer } from './support/listeners.js';

let server: TestServer;

test.before(async () => {
  server = await startPostgres();
});
test.after.always(() => server.stop());

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
const withOpenssl = onlyIf(test, hasOpenssl, 'needs openssl');

/** This machine, but not a loopback address, for which no encryption is asked. */
const host = '0.0.0.0';

const addresses = { TN_LEDGER_ALERT_FROM: 'ledger@example.com', TN_LEDGER_ALERT_TO: 'ops@example.com' };

/** Sends a test message, as a process: Node.js reads NODE_EXTRA_CA_CERTS when it starts. */
async function sendTest(t: ExecutionContext, env: Record<string, string>): Promise<string> {
  const { url } = await makeDatabase(t, server);
  const { stdout } = await cliProcess(t, ['check', '--alerts'], {
    env: {
      ...{
        DATABASE_URL: url,
        BANDWIDTH_ACCOUNT_ID: '9900000',
        BANDWIDTH_USERNAME: 'user',
        BANDWIDTH_PASSWORD: 'pass-of-api',
      },
      BANDWIDTH_API_URL: 'http://127.0.0.1:1/api',
      ...env,
    },
    alsoSecret: ['mail-password'],
  });
  return stdout;
}

for (const tls of ['smtps', 'starttls'] as const) {
  withOpenssl(
    `${tls}: a certificate that isn't trusted is refused by name with the fix, one of NODE_EXTRA_CA_CERTS is not`,
    async (t) => {
      const certificate = await makeCertificate(t, `IP:${host}`);
      const mail = await startMailServer(t, { user: 'ops', password: 'mail-password', tls, certificate });
      const scheme = tls === 'smtps' ? 'smtps' : 'smtp';
      const env = {
        ...addresses,
        TN_LEDGER_ALERT_SMTP_URL: `${scheme}://ops:mail-password@${host}:${mail.port}`,
      };
      t.regex(
        await sendTest(t, env),
        /^failed {2}alerts by email: the test message was not accepted: the certificate of the server is not accepted: self-signed certificate\. Set NODE_EXTRA_CA_CERTS, /m,
      );
      t.deepEqual(mail.mails, []);
      const trusting = { ...env, NODE_EXTRA_CA_CERTS: certificate.path };
      t.regex(await sendTest(t, trusting), /^ok {6}alerts by email: a test message was sent$/m);
      t.regex(mail.mails[0] ?? '', /^Subject: tn-ledger: test message/m);
    },
  );
}

withOpenssl(
  'a certificate for another name is refused even if it is trusted, and the message has the fix',
  async (t) => {
    const certificate = await makeCertificate(t, 'DNS:mail.example.com');
    const mail = await startMailServer(t, { user: 'ops', password: 'mail-password', tls: 'smtps', certificate });
    const stdout = await sendTest(t, {
      ...addresses,
      TN_LEDGER_ALERT_SMTP_URL: `smtps://ops:mail-password@${host}:${mail.port}`,
      NODE_EXTRA_CA_CERTS: certificate.path,
    });
    t.regex(
      stdout,
      /alerts by email: .+ certificate of the server is not accepted: .+ Use a host name that the certificate of the server is for\./,
    );
    t.deepEqual(mail.mails, []);
  },
);

test('a mail server that is not on this machine and has no STARTTLS gets neither the password nor the message', async (t) => {
  const mail = await startMailServer(t, { user: 'ops', password: 'mail-password', tls: 'none', address: host });
  const stdout = await sendTest(t, {
    ...addresses,
    TN_LEDGER_ALERT_SMTP_URL: `smtp://ops:mail-password@${host}:${mail.port}`,
  });
  t.regex(stdout, /^failed {2}alerts by email: the test message was not accepted: .*STARTTLS/m);
  t.deepEqual(mail.mails, []);
});

withOpenssl('a webhook with a certificate that is not trusted fails with the same fix', async (t) => {
  const { cert, key } = await makeCertificate(t, 'IP:127.0.0.1');
  const webhook = createServer({ cert, key }, (_request, response) => void response.end());
  await new Promise<void>((resolve) => webhook.listen(0, '127.0.0.1', resolve));
  t.teardown(() => void webhook.close());
  const { port } = webhook.address() as AddressInfo;
  const stdout = await sendTest(t, { TN_LEDGER_ALERT_WEBHOOK: `https://127.0.0.1:${port}/hook` });
  t.regex(stdout, /^failed {2}alerts by webhook: .+ self-signed certificate\. Set NODE_EXTRA_CA_CERTS, /m);
});
