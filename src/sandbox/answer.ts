import { errorXml } from './xml.js';

/** A response from a route, before any fault is applied. */
export interface Answer {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Record<string, string>;
  /** A body that is generated while it is sent; replaces `body`. Sent without a Content-Length. */
  stream?: Iterable<Buffer> | AsyncIterable<Buffer>;
  /** Break the connection after this many bytes of the body. */
  breakAfter?: number;
}

/** A client error that ends a request: thrown by code that reads parameters, and sent like any other response. */
export class Refusal extends Error {
  constructor(readonly answer: Answer) {
    super(`Refused with ${answer.status}`);
  }
}

export function xml(body: string | Buffer, status = 200): Answer {
  return { status, contentType: 'application/xml', body };
}

export function empty(status: number, headers?: Record<string, string>): Answer {
  return { status, contentType: 'application/xml', body: '', ...(headers === undefined ? {} : { headers }) };
}

export function json(value: unknown, status = 200): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(value)}\n` };
}

export function html(title: string, text: string, status: number): Answer {
  const body = `<!DOCTYPE html>
<html>
<head><title>${title}</title></head>
<body>
<center><h1>${title}</h1></center>
<p>${text}</p>
<hr>
</body>
</html>
`;
  return { status, contentType: 'text/html', body };
}

/** 400 with an error code: the one in the Bandwidth API reference, or 1003 where the reference shows none. */
export function badRequest(root: string, description: string, code = '1003'): Refusal {
  return new Refusal(xml(errorXml(root, description, code), 400));
}

export function accessDenied(root: string): Answer {
  return xml(errorXml(root, 'Access Denied', '1001'), 403);
}

export function notFound(root: string): Answer {
  return xml(errorXml(root, 'The resource does not exist'), 404);
}
