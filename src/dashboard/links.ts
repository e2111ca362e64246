import { detach } from '../detach.js';
import { listAt, type XmlElement, XmlError } from './xml.js';

/**
 * The `page` of a list's `next` link, decoded; undefined when there is no next page.
 *
 * Nothing else of the link is taken: it names hosts, ports and paths that are not the ones called, and may spell filters
 * otherwise than the API reads them. It is read in all the forms that Bandwidth's API reference shows (`parseXml` has made
 * escaped text of the raw and the commented ones).
 *
 * @throws {XmlError} for a `next` that has text but names no page: taking it for the end would cut the list short
 */
export function nextPageCursor(links: XmlElement | undefined): string | undefined {
  for (const link of listAt(links, 'next')) {
    const text = typeof link === 'string' ? link : '';
    if (text === '' && typeof link === 'string') {
      continue;
    }
    const page = /[?&;]page=([^&>\s;"]+)/.exec(text)?.[1];
    if (page === undefined) {
      throw new XmlError(`the link to the next page names no page: ${JSON.stringify(link).slice(0, 300)}`);
    }
    return detach(decodeQueryValue(page));
  }
  return undefined;
}

function decodeQueryValue(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    // Not percent-encoded after all, but a cursor with a percent sign in it.
    return text;
  }
}
