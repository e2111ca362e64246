import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { isLoopback } from '../secure-url.js';

/**
 * Returns whether requests with a `Host` header are for this server. A web page whose name was made to resolve to this
 * server (DNS rebinding) sends its own name.
 *
 * On a loopback address, the names of loopback are accepted. Elsewhere, also every IP address, which can't be rebound, the
 * name in `TN_LEDGER_HTTP`, and the name of this machine. `TN_LEDGER_HTTP_HOSTS` adds names in both cases. The port doesn't
 * matter: it may be forwarded.
 */
export function createHostCheck(
  host: string,
  hosts: readonly string[],
  machine = hostname(),
): (header: string | undefined) => boolean {
  const names = new Set(hosts);
  const isLocal = isLoopback(host) || host === '::1';
  if (!isLocal) for (const name of [host, machine]) names.add(name.toLowerCase());
  return (header = '') => {
    const [, bracketed, plain = ''] = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9_.-]+))(?::\d{1,5})?$/i.exec(header) ?? [];
    const name = plain.toLowerCase();
    if (isLoopback(name) || bracketed === '::1' || names.has(name)) return true;
    return !isLocal && isIP(bracketed ?? name) !== 0;
  };
}
