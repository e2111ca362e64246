/** Replaces every known secret in a text, in the forms in which it may turn up. */
export type Redact = (text: string) => string;

/**
 * The one redactor: given the secrets of the configuration, returns a function that replaces each of them by `[secret]`, as
 * written, percent-encoded, and base64-encoded (as part of a Basic `Authorization` header, where the pair is encoded as one).
 * Bearer and Basic headers are replaced whatever they hold. Values shorter than four characters are left to the headers' rule:
 * replacing them everywhere would make every message unreadable and give the secret away by its gaps.
 */
export function createRedactor(secrets: readonly string[]): Redact {
  const forms = new Set<string>();
  for (const secret of secrets) {
    if (secret.length < 4) continue;
    forms.add(secret);
    forms.add(encodeURIComponent(secret));
    forms.add(Buffer.from(secret).toString('base64'));
    forms.add(JSON.stringify(secret).slice(1, -1));
  }
  const longestFirst = [...forms].sort((a, b) => b.length - a.length);
  return (text) => {
    let clean = text.replace(/\b(Bearer|Basic) +[A-Za-z0-9+/=._~-]{4,}/gi, '$1 [secret]');
    for (const form of longestFirst) clean = clean.replaceAll(form, '[secret]');
    return clean;
  };
}
