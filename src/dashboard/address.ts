import { UsageError } from '../errors.js';

/**
 * Checks an address that credentials are sent to.
 *
 * @param variable the environment variable that it comes from, for the error
 * @throws {UsageError} when it is no URL, not encrypted (plain http is for loopback addresses), or holds credentials itself
 */
export function checkAddress(address: string, variable: string): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  const hint = `Set ${variable} to an https address.`;
  if (url === undefined || (url.protocol !== 'https:' && url.protocol !== 'http:')) {
    throw new UsageError(`${variable} is no http or https address: ${JSON.stringify(address)}`, { hint });
  }
  if (url.username !== '' || url.password !== '') {
    throw new UsageError(`${variable} holds a user name or password, which belong into variables of their own`, {
      hint,
    });
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname)) {
    throw new UsageError(`${variable} would send the credentials to ${url.host} without encryption`, { hint });
  }
  return url;
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/**
 * The URL of a request below the API's address.
 *
 * @param path begins with `/`; what is put into it (ids that the API gave) has to be encoded by `encodeURIComponent`
 * @throws {TypeError} for a path that leads elsewhere than it reads, or would leave the API's address
 */
export function requestUrl(api: URL, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const base = api.pathname.replace(/\/+$/, '');
  const url = new URL(api.origin);
  url.pathname = `${base}${path}`;
  // Dots, spaces, `?` and the like are rewritten by the setter: then the path was not what its maker meant.
  if (!path.startsWith('/') || url.pathname !== `${base}${path}`) {
    throw new TypeError(`Expected an encoded path below ${api.href}, got ${JSON.stringify(path)}`);
  }
  for (const [name, value] of Object.entries(query)) {
    url.searchParams.set(name, value);
  }
  return url;
}
