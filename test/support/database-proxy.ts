import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

export interface DatabaseProxy {
  /** The database's URL through the proxy. */
  url: string;
  /** From now on nothing gets through, and no connection is closed or opened: the two sides are partitioned. */
  partition(): void;
}

/** A TCP proxy between a process and its database, for one test. */
export async function startDatabaseProxy(t: ExecutionContext<unknown>, databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  let isPartitioned = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (data) => {
        if (!isPartitioned) to.write(data);
      });
      from.on('close', () => {
        if (!isPartitioned) to.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  const url = new URL(databaseUrl);
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    partition() {
      isPartitioned = true;
      // A new connection fails at once. In a real partition it would take 20 seconds.
      server.close();
    },
  };
}
