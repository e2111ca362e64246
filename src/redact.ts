/** Replaces every known secret in a text, in the forms in which it may turn up. */
export type Redact = (text: string) => string;

/** Shorter values are not replaced everywhere: that would make every message unreadable, and give them away by its gaps. */
const shortestSecret = 4;

/** An `Authorization` header, also as JSON, whatever its value. */
const header = /\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:Basic|Bearer)) +[^\s"',]+/gi;
/** The value of such a header as a quoted text of its own. */
const quotedValue = /(["'])(Basic|Bearer) +[^\s"',]+\1/gi;
const scheme = /\b(Basic|Bearer) +([A-Za-z0-9+/=._~-]{8,})/gi;
/** A JSON Web Token, as access tokens are. */
const jwt = /\beyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?/g;
/** Words as in "Basic credentials" and "Bearer authentication/authorization.", not base64 or a token. */
const words = /^(?:[A-Z]?[a-z]{1,20}|[A-Z]{1,20})(?:[-/](?:[A-Z]?[a-z]{1,20}|[A-Z]{1,20}))*\.*$/;

/**
 * The one redactor: given the secrets of the configuration, returns a function that replaces each of them by `[secret]`: as
 * written, percent-encoded, as JSON writes it, and base64-encoded, alone or as a part of something longer, such as the pair of
 * a Basic `Authorization` header. `Authorization` headers, quoted values of them and JWTs are replaced whatever they hold, and so is what follows `Basic` or
 * `Bearer`, unless it is an ordinary word.
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
 * Base64 and base64url of a secret, and what they have in common wherever the secret begins in a longer text: how it is encoded depends on how
 * many bytes come before it, modulo 3, and at its ends on its neighbors.
 */
function base64Forms(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inner = [1, 2, 3].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    return text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const forms = [bytes.toString('base64'), ...inner].filter((form) => form.length >= shortestSecret);
  return forms.flatMap((form) => [form, form.replaceAll('+', '-').replaceAll('/', '_')]);
}
