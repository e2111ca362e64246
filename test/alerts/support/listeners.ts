import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { ExecutionContext } from 'ava';
import { SMTPServer } from 'smtp-server';

export interface Received {
  path: string;
  body: string;
}

export interface Listener {
  /** Its origin, such as `http://127.0.0.1:1234`. */
  origin: string;
  received: Received[];
  /** The status that it returns. */
  status: number;
}

/** An HTTP listener, as a webhook or a ping URL. */
export async function startListener(t: ExecutionContext<unknown>): Promise<Listener> {
  const listener: Listener = { origin: '', received: [], status: 200 };
  const server = createServer(async (request, response) => {
    listener.received.push({ path: request.url ?? '', body: await text(request) });
    response.writeHead(listener.status).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => void server.close());
  listener.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return listener;
}

export interface MailServer {
  port: number;
  /** The messages as received, with headers. */
  mails: string[];
}

/** A certificate that signs itself, and its key. */
export interface Certificate {
  /** Path of the certificate, for NODE_EXTRA_CA_CERTS. */
  path: string;
  cert: string;
  key: string;
}

/**
 * Makes a certificate with openssl, for one test.
 *
 * @param names what it is for, such as `IP:127.0.0.1`
 */
export async function makeCertificate(t: ExecutionContext<unknown>, ...names: string[]): Promise<Certificate> {
  const folder = await mkdtemp(join(tmpdir(), 'tn-ledger-certificate-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const [key, path] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  await promisify(execFile)('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=mail server of a test', '-addext', `subjectAltName=${names.join(',')}`],
    ...['-keyout', key, '-out', path],
  ]);
  return { path, cert: await readFile(path, 'utf8'), key: await readFile(key, 'utf8') };
}

/** How a mail server encrypts: not at all, from the start (`smtps:`), or on request. */
export type MailTls = { tls?: 'none'; address?: string } | { tls: 'smtps' | 'starttls'; certificate: Certificate };

/** A mail server on this machine that accepts one user. */
export async function startMailServer(
  t: ExecutionContext<unknown>,
  { user, password, ...encryption }: { user: string; password: string } & MailTls,
): Promise<MailServer> {
  const mails: string[] = [];
  const hasTls = 'certificate' in encryption;
  const server = new SMTPServer({
    ...(hasTls && { cert: encryption.certificate.cert, key: encryption.certificate.key }),
    secure: encryption.tls === 'smtps',
    disabledCommands: hasTls ? [] : ['STARTTLS'],
    // With STARTTLS, a login before it is refused.
    allowInsecureAuth: !hasTls,
    onAuth: ({ username, password: given }, _session, callback) =>
      username === user && given === password ? callback(null, { user }) : callback(new Error('wrong password')),
    onData: (stream, _session, callback) => {
      text(stream).then((mail) => {
        mails.push(mail);
        callback();
      }, callback);
    },
  });
  // A client that doesn't trust the certificate breaks the connection.
  server.on('error', () => undefined);
  const address = hasTls ? '0.0.0.0' : (encryption.address ?? '127.0.0.1');
  const listening = server.listen(0, address);
  await once(listening, 'listening');
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, port: (listening.address() as AddressInfo).port };
}
