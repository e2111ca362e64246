import { LedgerError } from '../errors.js';

/** The document isn't well-formed XML, isn't the expected document, or contains markup that this program rejects. */
export class XmlError extends LedgerError {
  override readonly name = 'XmlError';
}

const namedEntities: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/**
 * Decodes the five named entities of XML and numeric references. There are no others, because documents that declare
 * entities are rejected.
 *
 * @throws {XmlError} for a bare `&`, an unknown entity, and a reference to a character that XML doesn't allow
 */
export function decodeEntities(text: string): string {
  if (!text.includes('&')) {
    return text;
  }
  return text.replace(/&(?:#(x?[\da-fA-F]+);|(\w+);)?/g, (reference, number?: string, name?: string) => {
    const decoded = number === undefined ? namedCharacter(name) : numberedCharacter(number);
    if (decoded === undefined) {
      throw new XmlError(`not well-formed XML: no such entity: ${reference}`);
    }
    return decoded;
  });
}

function namedCharacter(name: string | undefined): string | undefined {
  return name !== undefined && Object.hasOwn(namedEntities, name) ? namedEntities[name] : undefined;
}

function numberedCharacter(digits: string): string | undefined {
  const hexadecimal = digits.startsWith('x');
  if (!hexadecimal && /\D/.test(digits)) {
    return undefined;
  }
  const code = hexadecimal ? Number.parseInt(digits.slice(1), 16) : Number.parseInt(digits, 10);
  const isCharacter =
    code === 0x9 ||
    code === 0xa ||
    code === 0xd ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    (code >= 0x10000 && code <= 0x10ffff);
  return isCharacter ? String.fromCodePoint(code) : undefined;
}

/** Escapes text for use as element content. */
export function encodeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Normalizes line ends as XML requires, and removes the byte order mark. Rejects NUL, which neither XML nor PostgreSQL
 * text allows.
 */
export function normalizeText(text: string): string {
  if (text.includes('\0')) {
    throw new XmlError('not well-formed XML: it contains a NUL character');
  }
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  return bare.includes('\r') ? bare.replace(/\r\n?/g, '\n') : bare;
}

/**
 * Prepares a document for parsing: rejects declarations, repairs links.
 *
 * @throws {XmlError} for DOCTYPE, ENTITY and any other markup declaration, and for a comment or CDATA section without
 * an end
 */
export function prepareXml(text: string): string {
  const normalized = normalizeText(text);
  for (const [declaration] of normalized.matchAll(/<!(?:--[\s\S]*?-->|\[CDATA\[[\s\S]*?\]\]>|[A-Za-z]*)/g)) {
    if (!declaration.startsWith('<!--') && !declaration.startsWith('<![CDATA[')) {
      const what = declaration.length > 2 ? `${declaration} declaration` : 'comment or CDATA section without an end';
      throw new XmlError(`XML with a ${what} is rejected`);
    }
  }
  return repairLinks(normalized);
}

/**
 * The API's reference shows links as text with raw angle brackets and ampersands (`Link=<http://…?size=500&page=1>;`),
 * which isn't well-formed, and inside comments. Both become escaped text, as the live API sends them.
 */
function repairLinks(text: string): string {
  if (!text.includes('Link=')) {
    return text;
  }
  return text
    .replace(/<!--\s*(Link=[\s\S]*?)-->/g, (_comment, link: string) => encodeLink(link))
    .replace(
      /Link=(?:<|&lt;)(\w+:\/\/[^<>]*?)(?:>|&gt;);/g,
      (_link, url: string) => `Link=&lt;${encodeLink(url)}&gt;;`,
    );
}

/** Encodes what isn't encoded yet: some of these links are partly encoded. */
function encodeLink(text: string): string {
  return text
    .replace(/&(?!(?:amp|lt|gt|quot|apos|#\d+|#x[\da-fA-F]+);)/g, '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;');
}
