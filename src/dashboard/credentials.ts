/** OAuth 2.0 client credentials, or the user name and password of an API user. */
export type Credentials =
  | { kind: 'oauth'; clientId: string; clientSecret: string; tokenUrl: string }
  | { kind: 'basic'; username: string; password: string };

/** RFC 7617, in UTF-8. */
export function basicHeader(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`, 'utf8').toString('base64')}`;
}

/** How to mend refused credentials, by kind. */
export function credentialsHint(credentials: Credentials): string {
  return credentials.kind === 'oauth'
    ? 'Check BANDWIDTH_CLIENT_ID and BANDWIDTH_CLIENT_SECRET, and that the client credentials are still valid.'
    : 'Check BANDWIDTH_USERNAME and BANDWIDTH_PASSWORD; Bandwidth is ending API users, so client credentials may be needed.';
}
