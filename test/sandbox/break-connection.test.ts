import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import test from 'ava';

const run = promisify(execFile);
const module = new URL('../../src/sandbox/break-connection.js', import.meta.url);

/** A server whose only client sends its last byte. It prints how the connection ended. */
function serve(answer: string): string {
  return `
    import { createServer, connect } from 'node:net';
    import { breakConnection } from '${module}';
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.resume();
      socket.on('end', () => { ${answer} breakConnection(socket); server.close(); });
    });
    server.listen(0, '127.0.0.1', () => {
      const client = connect({ port: server.address().port, host: '127.0.0.1', allowHalfOpen: true });
      client.on('error', ({ code }) => console.log(code));
      client.on('close', () => console.log('closed'));
      client.resume();
      client.end('.');
    });`;
}

for (const [title, answer, said] of [
  ['reset if it is open', '', 'ECONNRESET\nclosed\n'],
  ['closed if it is ending, and the process exits', "socket.end('.');", 'closed\n'],
  ['left alone if it is closed', 'socket.destroy();', 'closed\n'],
] as const) {
  test(`A connection is ${title}`, async (t) => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', serve(answer)], { timeout: 30_000 });
    t.is(stdout, said);
  });
}
