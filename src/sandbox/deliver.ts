import type { ServerResponse } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Answer } from './answer.js';
import { breakConnection } from './break-connection.js';
import { deliverStream } from './deliver-stream.js';
import type { LoggedRequest } from './request-log.js';

const compress = promisify(gzip);

/** How far an answer gets. */
export type Damage = 'reset' | 'stall' | 'truncate' | 'lost-answer';

export interface Delivery {
  response: ServerResponse;
  entry: LoggedRequest;
  answer: Answer;
  compress: boolean;
  damage?: Damage | undefined;
}

/** Sends an answer, whole or as damaged as its fault wants it, and logs what became of it. */
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

/** Half of the body, then the connection reset, or nothing more; where there is no body, not even the head. */
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
