const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' };

export const xmlDeclaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';

/** Text as element content. */
export function escapeXml(text: string): string {
  return /[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => entities[character] as string) : text;
}

/** The API's commonest form of an error. A code is what its 404s leave out. */
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
  /** Scheme, host, port and path as the links name them: never those that the client called. */
  address: string;
  /** The listing's own parameters, in the order in which the links name them. */
  query: Record<string, string>;
  size: number;
  /** Cursor of the next page. */
  next: string | undefined;
  /** Angle brackets and ampersands as they are, which is not well-formed XML but appears in Bandwidth's documents. */
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

// Quotes stay as they are: the API's examples escape no more than element content needs.
function escapeLink(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** An element with text on a line of its own; nothing where there is no text. */
export function line(indent: string, name: string, text: string | number | boolean | undefined): string {
  return text === undefined ? '' : `${indent}<${name}>${escapeXml(String(text))}</${name}>\n`;
}
