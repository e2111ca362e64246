import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { ExecutionContext } from 'ava';
import type { DashboardClient, DashboardClientOptions } from '../../../src/dashboard/client.js';
import type { Certificate } from '../../alerts/support/listeners.js';
import type { Ledger } from '../../sync/support/ledger.js';

/** A response of the sandbox to a request for a page of the list. */
export interface ListPage {
  /** Its position among these, starting at 1. */
  nth: number;
  text: string;
}

/**
 * What the client gets instead: another text, or undefined if it was given something else by `response`.
 */
export type Script = (page: ListPage, response: ServerResponse) => string | undefined;

/** A client of an API whose in-service list, in pages of 50 numbers, follows a script. Everything else comes from the sandbox. */
export async function openScripted(
  t: ExecutionContext<unknown>,
  ledger: Ledger,
  script: Script,
  { certificate, ...options }: Partial<DashboardClientOptions> & { certificate?: Certificate } = {},
): Promise<DashboardClient & { origin: string }> {
  let nth = 0;
  const handle = async (url: string, headers: Record<string, string>, response: ServerResponse) => {
    const target = new URL(url, ledger.sandbox.url);
    const isList = target.pathname.endsWith('/inserviceNumbers');
    if (isList) target.searchParams.set('size', '50');
    const answer = await fetch(target, { headers });
    const text = await answer.text();
    const sent = isList ? script({ nth: ++nth, text }, response) : text;
    if (sent === undefined) return;
    response.writeHead(answer.status, { 'content-type': 'application/xml' }).end(sent);
  };
  const listen = (
    { url, headers }: { url?: string; headers: NodeJS.Dict<string | string[]> },
    response: ServerResponse,
  ) => void handle(url ?? '/', { authorization: String(headers.authorization) }, response);
  const server = certificate === undefined ? createServer(listen) : createTlsServer(certificate, listen);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const origin = `${certificate === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const client = ledger.openClient({
    apiUrl: `${origin}/api`,
    retry: { baseMs: 1, tries: 3 },
    ...options,
  });
  t.teardown(async () => {
    await client.close();
    server.close();
    server.closeAllConnections();
  });
  return { ...client, origin };
}
