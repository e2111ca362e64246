import { UsageError } from '../errors.js';
import { secureUrlProblem } from '../secure-url.js';

/**
 * Checks a URL that receives credentials.
 *
 * @param variable name of the environment variable, for the error message
 * @throws {UsageError} if `secureUrlProblem` rejects the URL
 */
export function checkAddress(address: string, variable: string): URL {
  const problem = secureUrlProblem(address, 'https://api.bandwidth.com/api');
  if (problem === undefined) return new URL(address);
  throw new UsageError(`${variable} ${problem}`, { hint: `Set ${variable} to an https address.` });
}

/**
 * Builds the URL of a request from the API's base URL and a path.
 *
 * @param path starts with `/`; ids in it must be encoded with `encodeURIComponent`
 * @throws {TypeError} if the URL setter would change the path, or the path escapes the base URL
 */
export function requestUrl(api: URL, path: string, query: Readonly<Record<string, string>> = {}): URL {
  const base = api.pathname.replace(/\/+$/, '');
  const url = new URL(api.origin);
  url.pathname = `${base}${path}`;
  // The setter rewrites dot segments, spaces, and `?`. If it changed anything, the caller didn't encode the path.
  if (!path.startsWith('/') || url.pathname !== `${base}${path}`) {
    throw new TypeError(`Expected an encoded path below ${api.href}, got ${JSON.stringify(path)}`);
  }
  for (const [name, value] of Object.entries(query)) {
    url.searchParams.set(name, value);
  }
  return url;
}
