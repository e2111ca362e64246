const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Escapes text for use as element content. */
export function escapeXml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => entities[character] as string) : text;
}

/** The most common error format of the API. Its 404 errors have no code. */
export function errorXml(root: string, description: string, code?: string): string {
  const codeLine = code === undefined ? '' : `        <ErrorCode>${code}</ErrorCode>\n`;
  return `${xmlDeclaration}<${root}>
    <ResponseStatus>
${codeLine}        <Description>${escapeXml(description)}</Description>
    </ResponseStatus>
</${root}>
`;
}

export interface LinksOptions {
  /** Scheme, host, port and path of the links, which are never the ones the client called. */
  address: string;
  /** The parameters of the listing, in the order of the links. */
  query: Record<string, string>;
  size: number;
  /** Cursor of the next page. */
  next: string | undefined;
  /**
   * Leave angle brackets and ampersands unescaped: not well-formed XML, but it appears in the Bandwidth documentation.
   */
  raw: boolean;
  indent?: string;
}

/** The `Links` element of a list. */
export function linksXml(options: LinksOptions): string {
  const { indent = '    ' } = options;
  const link = (rel: string, page: string) => {
    const query = new URLSearchParams({ ...options.query, page, size: String(options.size) });
    const text = `Link=<${options.address}?${query}>;rel="${rel}";`;
    return `${indent}    <${rel}>${options.raw ? text : escapeLink(text)}</${rel}>\n`;
  };
  const next = options.next === undefined ? '' : link('next', options.next);
  return `${indent}<Links>\n${link('first', '1')}${next}${indent}</Links>\n`;
}

// Quotes stay unescaped: the API examples escape only what element content requires.
function escapeLink(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** An element with text on its own line; empty if there is no text. */
export function line(indent: string, name: string, text: string | number | boolean | undefined): string {
  return text === undefined ? '' : `${indent}<${name}>${escapeXml(String(text))}</${name}>\n`;
}
