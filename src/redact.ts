/** Replaces every known secret in a text, in all its encodings. */
export type Redact = (text: string) => string;

/** Shorter values are not replaced: messages would become unreadable, and the gaps would reveal the value. */
const shortestSecret = 4;

/** An `Authorization` header with any value, also in JSON. */
const header = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:Basic|Bearer)) +[^\s"',]+/gi;
/** The quoted value of such a header. */
const quotedValue = /(["'])(Basic|Bearer) +[^\s"',]+\1/gi;
const scheme = /\b(Basic|Bearer) +([A-Za-z0-9+/=._~-]{8,})/gi;
/** A JSON Web Token, the format of access tokens. */
const jwt = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g;
/** Words as in "Basic credentials" and "Bearer authentication/authorization.", not base64 or a token. */
const words = /^(?:[A-Z]?[a-z]{1,20}|[A-Z]{1,20})(?:[-/](?:[A-Z]?[a-z]{1,20}|[A-Z]{1,20}))*\.*$/;

/**
 * Creates the redactor, which replaces each configured secret with `[secret]`: as is, percent-encoded, JSON-escaped, and
 * base64-encoded, alone or inside a longer text such as the pair in a Basic `Authorization` header. It also replaces every
 * `Authorization` header, quoted header value and JWT, and whatever follows `Basic` or `Bearer`, except ordinary words.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < shortestSecret) continue;
    const plain = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)];
    for (const form of [...plain, ...base64Forms(secret)]) forms.add(form);
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text
      .replace(header, '$1 [secret]')
      .replace(quotedValue, '$1$2 [secret]$1')
      .replace(scheme, (whole, name: string, value: string) => (words.test(value) ? whole : `${name} [secret]`))
      .replace(jwt, '[secret]');
    for (const form of longestFirst) clean = clean.replaceAll(form, '[secret]');
    return clean;
  };
}

/**
 * Base64 and base64url forms of a secret, alone and inside a longer text. Inside, the encoding depends on the number of
 * preceding bytes modulo 3, and the first and last characters depend on the neighboring bytes; those are left out.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inner = [1, 2, 3].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  return [bytes.toString('base64'), ...inner].flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
