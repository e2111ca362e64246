import { createHash } from 'node:crypto';

/** What passed through a stage of a pipeline. */
export interface Passed {
  bytes: number;
  /** Lines of COPY's text format, which has no line break within a row. */
  rows: number;
  sha256: string;
}

export interface Meter {
  /** A stage of a pipeline that changes nothing. */
  through(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer>;
  read(): Passed;
}

/** Counts and hashes what passes. */
export function createMeter(): Meter {
  const hash = createHash('sha256');
  let bytes = 0;
  let rows = 0;
  return {
    async *through(source) {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
        yield chunk;
      }
    },
    read: () => ({ bytes, rows, sha256: hash.copy().digest('hex') }),
  };
}
