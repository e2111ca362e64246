import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer } from './answer.js';
import { breakConnection } from './break-connection.js';
import type { LoggedRequest } from './request-log.js';

const compress = promisify(gzip);

/** How the delivery of a response fails. */
export type Damage = 'reset' | 'stall' | 'truncate' | 'lost-answer';

export interface Delivery {
  response: ServerResponse;
  entry: LoggedRequest;
  answer: Answer;
  compress: boolean;
  damage?: Damage | undefined;
}

/** Sends a response, complete or damaged as its fault requires, and logs the outcome. */
export async function deliver(delivery: Delivery): Promise<void> {
  const { response, entry, answer, damage } = delivery;
  if (answer.stream !== undefined || answer.breakAfter !== undefined) {
    await deliverStream(delivery);
    return;
  }
  const whole = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  const cut = damage === 'truncate' && answer.status === 200 && whole.length > 1;
  const plain = cut ? whole.subarray(0, whole.length >> 1) : whole;
  const zipped = delivery.compress && plain.length > 0;
  const body = zipped ? await compress(plain, { level: 1 }) : plain;
  if (response.destroyed) {
    return;
  }
  const headers: Record<string, string | number> = { ...answer.headers };
  if (answer.status !== 204) {
    headers['Content-Length'] = body.length;
  }
  if (body.length > 0) {
    headers['Content-Type'] = answer.contentType;
  }
  if (zipped) {
    headers['Content-Encoding'] = 'gzip';
  }
  if (damage === 'lost-answer') {
    entry.fault = damage;
    breakConnection(response.socket);
    return;
  }
  if (damage === 'reset' || damage === 'stall') {
    entry.fault = damage;
    breakOff(response, { status: answer.status, headers, body, reset: damage === 'reset' });
    return;
  }
  if (cut) {
    entry.fault = 'truncate';
  }
  entry.status = answer.status;
  response.writeHead(answer.status, headers);
  response.end(body);
}

interface BrokenAnswer {
  status: number;
  headers: Record<string, string | number>;
  body: Buffer;
  reset: boolean;
}

/**
 * Sends half of the body, then resets or stalls the connection. Without a body, sends nothing, not even the headers.
 */
function breakOff(response: ServerResponse, { status, headers, body, reset }: BrokenAnswer): void {
  const resetConnection = () => {
    breakConnection(response.socket);
  };
  if (body.length === 0) {
    if (reset) {
      resetConnection();
    }
    return;
  }
  response.writeHead(status, headers);
  response.write(body.subarray(0, body.length >> 1), () => {
    if (reset) {
      resetConnection();
    }
  });
}

/** A streamed body sends this many bytes before a connection fault. */
const bytesBeforeDamage = 1000;

/** Streams a body until it ends or the connection breaks. */
async function deliverStream({ response, entry, answer, damage }: Delivery): Promise<void> {
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
    // A client may close the connection at any time.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error;
    return;
  }
  if (isCut) {
    await breakOffStream(response, answer, damage);
    return;
  }
  entry.status = answer.status;
  response.end();
}

async function breakOffStream(response: ServerResponse, answer: Answer, damage: Delivery['damage']): Promise<void> {
  if (damage === 'stall' && answer.breakAfter === undefined) return;
  if (damage === 'truncate' && answer.stream !== undefined) {
    response.end();
    return;
  }
  // Flush what was written before the connection breaks.
  await new Promise<void>((resolve) => response.write('', () => resolve()));
  breakConnection(response.socket);
}
