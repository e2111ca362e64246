/**
 * The id in a Location header: the last segment of its path, whatever the host. Undefined if there is none, or if it could be
 * something other than an id.
 */
export function idInLocation(location: string | string[] | undefined): string | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, 'http://relative.invalid/')) return undefined;
  const last = new URL(location, 'http://relative.invalid/').pathname.split('/').findLast((part) => part !== '');
  return last !== undefined && /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/.test(last) ? last : undefined;
}
