/**
 * Why credentials must not be sent to a URL, worded to follow the name of its variable; undefined if there is no problem. The
 * URL must use https (http is allowed for loopback addresses) and must not contain credentials, a query or a fragment.
 *
 * @param example a valid URL
 */
export function secureUrlProblem(text: string, example: string): string | undefined {
  if (!URL.canParse(text)) return `must be a URL such as ${example}`;
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') return 'must not contain credentials: they have their own variables';
  if (url.search !== '' || url.hash !== '') return 'must not contain a query or a fragment';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol !== 'http:') return `must start with https:, not ${url.protocol}`;
  if (isLoopback(url.hostname)) return undefined;
  return `would send the credentials over plain http to ${url.hostname}: use https (http is allowed for loopback addresses only)`;
}

/** @param hostname as in a URL: an IPv6 address has brackets */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
