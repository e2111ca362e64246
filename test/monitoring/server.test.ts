import { once } from 'node:events';
import { connect } from 'node:net';
import test, { type ExecutionContext } from 'ava';
import { serveMonitoring } from '../../src/cli/serve-monitoring.js';
import { UsageError } from '../../src/errors.js';
import { createLog } from '../../src/log.js';
import { type MonitoringServerOptions, startMonitoringServer } from '../../src/monitoring/server.js';
import { ask } from './support/ask.js';

async function start(t: ExecutionContext, options: Partial<MonitoringServerOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'json', redact: (text) => text, write: (line) => lines.push(line) });
  const answer = async (path: string) => ({ status: 200, type: 'text/plain', body: `page ${path}\n` });
  const server = await startMonitoringServer({ host: '127.0.0.1', port: 0, hosts: [], answer, log, ...options });
  t.teardown(server.close);
  return { origin: server.url, lines };
}

test('it answers GET and HEAD with headers that keep browsers from using it, and nothing else', async (t) => {
  const { origin } = await start(t);
  const reply = await ask(origin, '/metrics?x=1');
  t.like(reply, { status: 200, body: 'page /metrics\n' });
  t.like(reply.headers, {
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'cross-origin-resource-policy': 'same-origin',
  });
  t.regex(String(reply.headers['content-security-policy']), /^default-src 'none';.*frame-ancestors 'none'/);
  t.is(reply.headers['access-control-allow-origin'], undefined);
  t.like(await ask(origin, '/', { method: 'HEAD' }), { status: 200, body: '' });
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'TRACE']) {
    const refused = await ask(origin, '/', { method });
    t.is(refused.status, 405, method);
    t.is(refused.headers.allow, 'GET, HEAD', method);
  }
});

test('a request with the name of another site is refused, whatever its path', async (t) => {
  const { origin } = await start(t);
  for (const host of ['evil.com', '10.0.0.1']) t.is((await ask(origin, '/', { headers: { host } })).status, 421, host);
  for (const headers of ['', 'Host: localhost\r\nHost: evil.com\r\n', 'Host: evil.com\r\nHost: localhost\r\n']) {
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.setEncoding('utf8').end(`GET / HTTP/1.0\r\n${headers}\r\n`);
    t.regex(String((await socket.toArray()).join('')), /^HTTP\/1\.1 4(?:00|21) /, headers);
  }
  t.is((await ask(origin, 'http://localhost/')).status, 404);
});

test('paths with dots, backslashes, double slashes, or bytes that are no text lead nowhere', async (t) => {
  const { origin } = await start(t);
  for (const path of ['/..', '/a/../b', '/%2e%2e/b', '/a/%2E%2E%2Fb', '/a%5c..', '//a', '/%00', '/%ff', '/.'])
    t.is((await ask(origin, path)).status, 404, path);
});

test('an answer that fails is logged, and its reason stays in the log', async (t) => {
  const { origin, lines } = await start(t, { answer: () => Promise.reject(new Error('inner reason')) });
  const reply = await ask(origin, '/');
  t.is(reply.status, 500);
  t.notRegex(reply.body, /inner reason/);
  t.regex(lines.join(''), /inner reason/);
});

test('no more connections than the limit are kept', async (t) => {
  const { origin } = await start(t);
  const port = Number(new URL(origin).port);
  const sockets = Array.from({ length: 65 }, () => connect(port, '127.0.0.1'));
  t.teardown(() => {
    for (const socket of sockets) socket.destroy();
  });
  await Promise.race(sockets.map((socket) => once(socket.resume(), 'close')));
  t.true(sockets.filter(({ destroyed }) => !destroyed).length >= 64);
});

test('an address that is in use is an error if it was set; the default only keeps the process from serving', async (t) => {
  const { origin } = await start(t);
  const port = Number(new URL(origin).port);
  await t.throwsAsync(start(t, { port }), {
    instanceOf: UsageError,
    message: `TN_LEDGER_HTTP=127.0.0.1:${port} can't be used: another process listens there.`,
  });
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'json', redact: (text) => text, write: (line) => lines.push(line) });
  const http = { host: '127.0.0.1', port, hosts: [] };
  const answer = async () => undefined;
  await t.throwsAsync(serveMonitoring({ ...http, isDefault: false }, answer, log), { instanceOf: UsageError });
  t.is(await serveMonitoring({ ...http, isDefault: true }, answer, log), undefined);
  t.regex(lines.join(''), new RegExp(`"warn".*listens there.*such as 127\\.0\\.0\\.1:${port + 1}\\.`));
});
