import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { UsageError } from '../errors.js';
import type { Log } from '../log.js';
import { createHostCheck } from './host-header.js';

/** A response. */
export interface Answer {
  status: number;
  type: 'text/plain' | 'text/html' | 'application/json' | (string & {});
  body: string | Buffer;
}

export interface MonitoringServerOptions {
  /** As in the setting: a name or an address, IPv6 without brackets; port 0 is any free port. */
  host: string;
  port: number;
  /** Further names that clients may use; see `createHostCheck`. */
  hosts: readonly string[];
  /** Answers a request by its path, which is absolute and decoded once; undefined: there is no such page. */
  answer: (path: string) => Promise<Answer | undefined>;
  log: Pick<Log, 'warn'>;
}

export interface MonitoringServer {
  /** With the port that is in use. */
  url: string;
  /** Ends after the responses in progress, which are cut off after a second. */
  close(): Promise<void>;
}

/** The limits of a client: scrapes and a browser need a fraction of them. */
const limits = { connections: 64, requestsPerConnection: 1000, headerBytes: 8192, requestMs: 10_000, idleMs: 15_000 };
const closeMs = 1000;

const securityHeaders = {
  'cache-control': 'no-store',
  'content-security-policy':
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/**
 * Starts the HTTP server for monitoring, which only reads: GET and HEAD.
 *
 * @throws {UsageError} the address can't be used, with the error code as `cause.code`
 */
export async function startMonitoringServer(options: MonitoringServerOptions): Promise<MonitoringServer> {
  const { host, port, hosts, answer, log } = options;
  const isForUs = createHostCheck(host, hosts);
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.requestMs,
      connectionsCheckingInterval: limits.requestMs / 10,
    },
    (request, response) => {
      // A body is neither expected nor read.
      request.resume();
      respond(request, isForUs, answer)
        .catch((error: unknown): Answer => {
          log.warn({ err: error }, `Monitoring failed to answer ${request.method} ${request.url?.slice(0, 200)}`);
          return text(500, 'tn-ledger could not answer this request; its log says why.');
        })
        .then((found) => send(request, response, found));
    },
  );
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.timeout = limits.idleMs;
  server.listen({ host, port });
  await once(server, 'listening').catch((cause: NodeJS.ErrnoException) => {
    throw new UsageError(`TN_LEDGER_HTTP=${inUrl(host)}:${port} can't be used: ${reasonOf(cause)}.`, {
      hint: 'Set TN_LEDGER_HTTP to another address and port, or to nothing for no monitoring.',
      cause,
    });
  });
  server.on('error', (error) => log.warn(`The HTTP server for monitoring: ${error.message}`));
  return {
    url: `http://${inUrl(host)}:${(server.address() as AddressInfo).port}/`,
    close: () => close(server),
  };
}

export function text(status: number, sentence: string): Answer {
  return { status, type: 'text/plain', body: `${sentence}\n` };
}

async function respond(
  { method, url = '', headers, rawHeaders }: IncomingMessage,
  isForUs: (header: string | undefined) => boolean,
  answer: MonitoringServerOptions['answer'],
): Promise<Answer> {
  // Node.js keeps the first of several.
  const hostHeaders = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hostHeaders !== 1 || !isForUs(headers.host)) {
    return text(421, 'This server does not serve that host name. See TN_LEDGER_HTTP_HOSTS in docs/monitoring.md.');
  }
  if (method !== 'GET' && method !== 'HEAD') return text(405, 'Only GET and HEAD are allowed.');
  const path = pathOf(url);
  return (path === undefined ? undefined : await answer(path)) ?? text(404, 'There is no such page.');
}

/** The path without the query; undefined if it isn't a plain absolute path. */
function pathOf(url: string): string | undefined {
  const [path = ''] = url.split('?', 1);
  if (!path.startsWith('/') || path.includes('//')) return undefined;
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return undefined;
  }
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
  return /[\\\x00-\x1f\x7f]|(?:^|\/)\.\.?(?:\/|$)/.test(decoded) ? undefined : decoded;
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  const bytes = Buffer.from(body as string);
  const charset = type.includes('charset') ? '' : '; charset=utf-8';
  response.writeHead(status, {
    ...securityHeaders,
    'content-type': `${type}${charset}`,
    'content-length': bytes.length,
    ...(status === 405 && { allow: 'GET, HEAD' }),
  });
  response.end(method === 'HEAD' ? undefined : bytes);
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another process listens there';
    case 'EADDRNOTAVAIL':
      return 'this machine does not have that address';
    case 'EACCES':
      return 'this user may not listen there';
    default:
      return message;
  }
}

function inUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

async function close(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), closeMs);
  await closed;
  clearTimeout(timer);
}
