import { createHash } from 'node:crypto';

/** A stage of a pipeline that changes nothing. */
type Stage = (source: AsyncIterable<Buffer>) => AsyncGenerator<Buffer>;

/** Counts the rows of COPY's text format: its lines, because it has no line break within a row. */
export interface RowCounter {
  through: Stage;
  rows(): number;
}

/** @param onProgress receives how many bytes have passed, with each chunk */
export function createRowCounter(onProgress?: (bytes: number) => void): RowCounter {
  let bytes = 0;
  let rows = 0;
  return {
    async *through(source) {
      for await (const chunk of source) {
        bytes += chunk.length;
        for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) rows += 1;
        onProgress?.(bytes);
        yield chunk;
      }
    },
    rows: () => rows,
  };
}

/** Measures and hashes a file. */
export interface FileMeter {
  through: Stage;
  /** Call it once, at the end. */
  end(): { bytes: number; sha256: string };
}

export function createFileMeter(): FileMeter {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async *through(source) {
      for await (const chunk of source) {
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    end: () => ({ bytes, sha256: hash.digest('hex') }),
  };
}
