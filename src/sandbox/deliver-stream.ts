import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Answer } from './answer.js';
import { breakConnection } from './break-connection.js';
import type { Delivery } from './deliver.js';

/** Of a body that is made while it is sent, this much comes before a fault of the connection. */
const bytesBeforeDamage = 1000;

/** Sends a body as it is made, or as far as its connection lasts. */
export async function deliverStream({ response, entry, answer, damage }: Delivery): Promise<void> {
  const whole = answer.stream === undefined;
  response.writeHead(answer.status, {
    ...answer.headers,
    'Content-Type': answer.contentType,
    ...(whole ? { 'Content-Length': Buffer.byteLength(answer.body) } : {}),
  });
  if (damage !== undefined) entry.fault = damage;
  const limit = answer.breakAfter ?? (damage === undefined ? Number.POSITIVE_INFINITY : bytesBeforeDamage);
  let isCut = false;
  async function* body(): AsyncGenerator<Buffer, void> {
    let sent = 0;
    for await (const chunk of answer.stream ?? [Buffer.from(answer.body)]) {
      const part = chunk.subarray(0, limit - sent);
      sent += part.length;
      yield part;
      isCut = sent >= limit;
      if (isCut) return;
    }
  }
  try {
    await pipeline(Readable.from(body(), { objectMode: false }), response, { end: false });
  } catch (error) {
    // A client that hangs up has its reasons.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    return;
  }
  if (isCut) {
    await breakOff(response, answer, damage);
    return;
  }
  entry.status = answer.status;
  response.end();
}

async function breakOff(response: ServerResponse, answer: Answer, damage: Delivery['damage']): Promise<void> {
  if (damage === 'stall' && answer.breakAfter === undefined) return;
  if (damage === 'truncate' && answer.stream !== undefined) {
    response.end();
    return;
  }
  // What was written has to leave before the connection does.
  await new Promise<void>((resolve) => response.write('', () => resolve()));
  breakConnection(response.socket);
}
