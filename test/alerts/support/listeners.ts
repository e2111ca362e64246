import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
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

/** A mail server on loopback that accepts one user. */
export async function startMailServer(
  t: ExecutionContext<unknown>,
  { user, password }: { user: string; password: string },
): Promise<MailServer> {
  const mails: string[] = [];
  const server = new SMTPServer({
    hideSTARTTLS: true,
    allowInsecureAuth: true,
    onAuth: ({ username, password: given }, _session, callback) =>
      username === user && given === password ? callback(null, { user }) : callback(new Error('wrong password')),
    onData: (stream, _session, callback) => {
      text(stream).then((mail) => {
        mails.push(mail);
        callback();
      }, callback);
    },
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { mails, port: (listening.address() as AddressInfo).port };
}
