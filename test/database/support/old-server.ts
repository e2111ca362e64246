import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Something that says it is PostgreSQL 12.22, as far as a client gets that only connects and asks for the version: no package brings
 * a server that old. Protocol 3.0: every message is a type byte, the length of the rest including itself, and the rest.
 */
export async function startOldServer(): Promise<{ port: number; stop(): Promise<void> }> {
  const message = (type: string, ...parts: (string | Buffer)[]) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
    const head = Buffer.alloc(5);
    head.write(type);
    head.writeInt32BE(body.length + 4, 1);
    return Buffer.concat([head, body]);
  };
  const int16 = (value: number) => Buffer.from([value >> 8, value & 0xff]);
  const int32 = (value: number) =>
    Buffer.from([value >> 24, value >> 16, value >> 8, value].map((byte) => byte & 0xff));
  const text = (value: string) => Buffer.concat([int32(value.length), Buffer.from(value)]);
  const column = (name: string, type: number) =>
    Buffer.concat([Buffer.from(`${name}\0`), int32(0), int16(0), int32(type), int16(-1), int32(-1), int16(0)]);
  const ready = message('Z', 'I');
  const welcome = Buffer.concat([message('R', int32(0)), message('S', 'server_version\0', '12.22\0'), ready]);
  const [int4, bool, string] = [23, 16, 25];
  const answer = Buffer.concat([
    message('T', int16(3), column('version', int4), column('standby', bool), column('read_only', string)),
    message('D', int16(3), text('120022'), text('f'), text('off')),
    message('C', 'SELECT 1\0'),
    ready,
  ]);

  const server = createServer((socket) => {
    socket.once('data', () => {
      socket.write(welcome);
      socket.on('data', (chunk) => (chunk[0] === 'Q'.charCodeAt(0) ? socket.write(answer) : socket.end()));
    });
    socket.on('error', () => undefined); // the client leaves as it likes
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  return {
    port,
    stop: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}
