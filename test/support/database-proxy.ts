import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { ExecutionContext } from 'ava';

export interface DatabaseProxy {
  /** The database's URL through the proxy. */
  url: string;
  /** From now on nothing gets through, and no connection is closed or opened: the two sides are partitioned. */
  partition(): void;
  /** From now on all connections are broken, and new ones are refused: the server is down. */
  stop(): Promise<void>;
  /** Ends what `stop` began. */
  start(): Promise<void>;
  /** Whether no connection is being opened, and none waits for an answer. */
  isIdle(): boolean;
}

/** Ends every answer of the server, before a byte for the state of the transaction. */
const readyForQuery = Buffer.from([0x5a, 0, 0, 0, 5]);

/** The type of the server's message that it waits for the data of a COPY. */
const copyInResponse = 0x47;

/**
 * Breaks the connection instead of passing something on: before the server gets it, or when the server has executed it and its answer
 * is on the way.
 */
export type Loss = 'before' | 'after';

/**
 * A TCP proxy between a process and its database, for one test.
 *
 * @param onQuery called with each piece of what the process sends. `'before'`: the connection is lost, and the piece with it;
 * `'after'`: it is lost once the server has answered; `'lose'`: only the piece is; a function: it is called with the server's next
 * answers, which are not passed on
 */
export async function startDatabaseProxy(
  t: ExecutionContext<unknown>,
  databaseUrl: string,
  onQuery: (data: Buffer) => Loss | 'lose' | ((answer: Buffer) => void) | undefined = () => undefined,
): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  /** Connections, by the side of the process, that wait for an answer. */
  const waiting = new Set<Socket>();
  let isPartitioned = false;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let end = Buffer.alloc(0);
    let losesAnswer = false;
    let onAnswer: ((answer: Buffer) => void) | undefined;
    waiting.add(client);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('error', () => undefined);
      from.on('data', (data) => {
        if (from === client) {
          waiting.add(client);
          const verdict = onQuery(data);
          if (verdict === 'lose') return;
          if (verdict === 'before') client.destroy();
          else if (verdict === 'after') losesAnswer = true;
          else onAnswer ??= verdict;
        } else if (onAnswer !== undefined) {
          onAnswer(data);
          return;
        } else {
          end = Buffer.concat([end, data]).subarray(-readyForQuery.length - 1);
          if (end.subarray(0, readyForQuery.length).equals(readyForQuery)) {
            waiting.delete(client);
            if (losesAnswer) client.destroy();
          } else if (losesAnswer && data[0] === copyInResponse) client.destroy();
        }
        if (!isPartitioned && !client.destroyed && !(losesAnswer && to === client)) to.write(data);
      });
      from.on('close', () => {
        sockets.delete(from);
        waiting.delete(client);
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
  const { port } = server.address() as AddressInfo;
  url.port = String(port);
  return {
    url: url.href,
    async stop() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    isIdle: () => waiting.size === 0,
    async start() {
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
    },
    partition() {
      isPartitioned = true;
      // A new connection fails at once. In a real partition it would take 20 seconds.
      server.close();
    },
  };
}
