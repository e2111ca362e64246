import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { breakConnection } from '../../../src/sandbox/break-connection.js';

/** A request on its way to the sandbox. */
export interface PassingRequest {
  /** Its position, starting at 1, not counting token requests. */
  nth: number;
  method: string;
  path: string;
  query: URLSearchParams;
}

export interface SandboxProxy {
  /** The URL to configure instead of the sandbox's. */
  url: string;
  tokenUrl: string;
  /**
   * Called before each request is passed on; the request waits for it. Can be changed at any time. If it returns a function, that
   * is called when the API has answered, and the answer waits for it. `'reset'` from either breaks the connection instead.
   */
  onRequest: (request: PassingRequest) => unknown;
  close(): Promise<void>;
}

export interface ProxyOptions {
  /** The sandbox's URL, up to and including `/api`. */
  target: string;
  /** Limits the page size, whatever the client requests: many pages from few numbers. */
  pageSize?: number;
}

/** A proxy between a client and the sandbox, so that tests can act when a request is made. */
export async function startProxy({ target, pageSize }: ProxyOptions): Promise<SandboxProxy> {
  const upstream = new URL(target);
  let count = 0;
  const proxy: SandboxProxy = { url: '', tokenUrl: '', onRequest: () => undefined, close: async () => undefined };

  async function pass(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', upstream.origin);
    const breakOff = () => breakConnection(outgoing.socket);
    let verdict: unknown;
    if (!url.pathname.endsWith('/token')) {
      count += 1;
      if (pageSize !== undefined && url.searchParams.has('size')) {
        const size = Math.min(pageSize, Number(url.searchParams.get('size')));
        url.searchParams.set('size', String(size));
      }
      const { method = 'GET' } = incoming;
      verdict = await proxy.onRequest({ nth: count, method, path: url.pathname, query: url.searchParams });
    }
    if (verdict === 'reset') {
      breakOff();
      return;
    }
    const onward = request(url, { method: incoming.method ?? 'GET', headers: incoming.headers });
    onward.on('error', breakOff);
    onward.on('response', async (answer) => {
      if (typeof verdict === 'function' && (await verdict()) === 'reset') {
        answer.resume();
        breakOff();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      outgoing.flushHeaders();
      answer.on('error', breakOff);
      answer.pipe(outgoing);
    });
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }

  const server = createServer((incoming, outgoing) => {
    pass(incoming, outgoing).catch((error: unknown) => {
      outgoing.writeHead(500, { 'Content-Type': 'text/plain' });
      outgoing.end(`the proxy of the test failed: ${error}`);
    });
  });
  server.keepAliveTimeout = 120_000;
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  proxy.url = `${origin}${upstream.pathname}`;
  proxy.tokenUrl = `${origin}${upstream.pathname}/v1/oauth2/token`;
  proxy.close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return proxy;
}
