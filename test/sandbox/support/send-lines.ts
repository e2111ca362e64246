import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';

const linesPerChunk = 1000;

/** Sends one JSON object per line. */
export async function sendLines(response: ServerResponse, values: Iterable<unknown>): Promise<Response> {
  response.writeHead(200, { 'Content-Type': 'application/x-ndjson' });
  await pipeline(Readable.from(chunksOf(values)), response).catch((error: NodeJS.ErrnoException) => {
    // A reader may close the connection at any time.
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') {
      throw error;
    }
  });
  return RESPONSE_ALREADY_SENT;
}

function* chunksOf(values: Iterable<unknown>): Generator<string> {
  let lines: string[] = [];
  for (const value of values) {
    lines.push(`${JSON.stringify(value)}\n`);
    if (lines.length === linesPerChunk) {
      yield lines.join('');
      lines = [];
    }
  }
  yield lines.join('');
}
