import { errorXml } from './xml.js';

/** What a route answers, before any fault befalls it. */
export interface Answer {
  status: number;
  contentType: string;
  body: string | Buffer;
  headers?: Record<string, string>;
  /** A body that is made while it is sent, in place of the other; its length is not told. */
  stream?: Iterable<Buffer> | AsyncIterable<Buffer>;
  /** The connection breaks after so many bytes of the body. */
  breakAfter?: number;
}

/** An answer that the request itself earned: thrown by what reads parameters, sent like any other. */
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

/** 400 with a code. Codes that Bandwidth's API reference shows are used where it shows them, 1003 where it shows none. */
export function badRequest(root: string, description: string, code = '1003'): Refusal {
  return new Refusal(xml(errorXml(root, description, code), 400));
}

export function accessDenied(root: string): Answer {
  return xml(errorXml(root, 'Access Denied', '1001'), 403);
}

export function notFound(root: string): Answer {
  return xml(errorXml(root, 'The resource does not exist'), 404);
}
