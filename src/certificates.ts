// Codes: https://nodejs.org/api/tls.html#x509-certificate-error-codes and https://nodejs.org/api/errors.html.
const untrusted: ReadonlySet<unknown> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
]);
const wrong: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'Renew the certificate of the server.',
  CERT_NOT_YET_VALID: "Check this machine's clock and the certificate of the server.",
  ERR_TLS_CERT_ALTNAME_INVALID: 'Use a host name that the certificate of the server is for.',
};

/** How to fix the server's certificate or the trust in it, if that is why a connection failed; otherwise undefined. */
export function certificateFix(error: unknown): string | undefined {
  // The mail library puts its own code in the place of the reason's.
  const { code, originalCode = code } = (error ?? {}) as { code?: unknown; originalCode?: unknown };
  return untrusted.has(originalCode)
    ? 'Set NODE_EXTRA_CA_CERTS, in the environment and not in .env, to a file with the certificate of the authority that issued it.'
    : wrong[String(originalCode)];
}
