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

/**
 * The same for a URL that is itself a secret, such as a webhook: it may have a query, and no part of it is quoted.
 *
 * @param example the form of a valid URL
 */
export function secretUrlProblem(text: string, example: string): string | undefined {
  if (!URL.canParse(text)) return `must be a URL such as ${example}`;
  const { protocol, hostname, username, password, hash } = new URL(text);
  if (username !== '' || password !== '') return 'must not contain a user name or a password';
  if (hash !== '') return 'must not contain a fragment';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))) return undefined;
  return 'must start with https: (http: is allowed for loopback addresses only)';
}

/** The same for a mail server. Its URL contains a password, so nothing of it is quoted. */
export function smtpUrlProblem(text: string): string | undefined {
  const form = 'smtps://user:password@host:465';
  if (!URL.canParse(text)) return `must have the form ${form}, with special characters in the password percent-encoded`;
  const { protocol, hostname, search, hash, pathname, username, password } = new URL(text);
  if (protocol !== 'smtp:' && protocol !== 'smtps:') return `must start with smtps: or smtp:, such as ${form}`;
  if (hostname === '') return `has no host; it must have the form ${form}`;
  if (search !== '' || hash !== '' || !/^\/?$/.test(pathname)) return `must end after the port, as in ${form}`;
  if ([username, password].some((part) => /%(?![0-9a-f]{2})/i.test(part))) {
    return 'has a % in the user name or password that is not percent-encoded: write it as %25';
  }
  return undefined;
}

/**
 * Whether a host name is this machine.
 *
 * @param hostname as in a URL: an IPv6 address has brackets
 */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}
