import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import {
  type ClientEvent,
  createDashboardClient,
  type DashboardClient,
  type DashboardClientOptions,
} from '../../src/dashboard/client.js';
import { localPermits } from '../support/permits.js';

export interface Received {
  method: string;
  /** Path and query as they were sent. */
  url: string;
  path: string;
  query: URLSearchParams;
  headers: IncomingMessage['headers'];
  body: string;
  at: number;
}

/** Answers one request; `index` counts the requests from 0. */
export type Handler = (request: Received, response: ServerResponse, index: number) => unknown;

export interface TestServer {
  origin: string;
  received: Received[];
  /** Connections ever opened. */
  connections: () => number;
}

/** A server on a free port of 127.0.0.1, stopped when the test ends. */
export async function serve(t: ExecutionContext, handler: Handler): Promise<TestServer> {
  const received: Received[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    const at = performance.now();
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const url = new URL(request.url ?? '', 'http://test');
      const entry = {
        method: request.method ?? '',
        url: request.url ?? '',
        path: url.pathname,
        query: url.searchParams,
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
        at,
      };
      const index = received.push(entry) - 1;
      Promise.resolve(handler(entry, response, index)).catch((error: unknown) => response.destroy(error as Error));
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `http://127.0.0.1:${port}`, received, connections: () => connections };
}

export const basic = { kind: 'basic', username: 'api-user', password: 'p\u00e4ss:word' } as const;

/** A client with short waits, closed when the test ends, and its events other than those of each response. */
export function clientFor(
  t: ExecutionContext,
  server: TestServer,
  options: Partial<DashboardClientOptions> = {},
): { client: DashboardClient; events: ClientEvent[] } {
  const events: ClientEvent[] = [];
  const client = createDashboardClient({
    apiUrl: `${server.origin}/api`,
    credentials: basic,
    requestsPerMinute: 100_000,
    permits: localPermits(),
    concurrency: 4,
    retry: { baseMs: 1, capMs: 4 },
    onEvent: (event) => void (event.type !== 'response' && events.push(event)),
    ...options,
  });
  t.teardown(() => client.close());
  return { client, events };
}

/** Sends XML. */
export function sendXml(response: ServerResponse, body: string, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/xml' }).end(body);
}

/** Sends only a status and headers. */
export function sendStatus(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, headers).end();
}

export const quantity = (count: number | string): string => `<Quantity><Count>${count}</Count></Quantity>`;

/** A promise and the function that settles it. */
export function signalled(): { promise: Promise<void>; signal: () => void } {
  let signal: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => {
    signal = resolve;
  });
  return { promise, signal };
}
