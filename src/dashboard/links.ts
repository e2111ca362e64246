import { detach } from '../detach.js';
import { listAt, type XmlElement, XmlError } from './xml.js';

/**
 * The decoded `page` parameter of a list's `next` link; undefined if there is no next page.
 *
 * The rest of the link is ignored: its host, port, and path may differ from those of the request, and its filters may
 * be in a format that the API doesn't accept. All the formats in Bandwidth's API reference are supported (`parseXml`
 * turns raw and commented links into escaped text).
 *
 * @throws {XmlError} for a `next` with text but no page: treating it as the end would truncate the list
 */
export function nextPageCursor(links: XmlElement | undefined): string | undefined {
  for (const link of listAt(links, 'next')) {
    const text = typeof link === 'string' ? link : '';
    if (text === '' && typeof link === 'string') {
      continue;
    }
    const page = /[?&;]page=([^&>\s;"]+)/.exec(text)?.[1];
    if (page === undefined) {
      throw new XmlError(`the link to the next page has no page parameter: ${JSON.stringify(link).slice(0, 300)}`);
    }
    return detach(decodeQueryValue(page));
  }
  return undefined;
}

function decodeQueryValue(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not percent-encoded: the cursor contains a literal percent sign.
    return text;
  }
}
