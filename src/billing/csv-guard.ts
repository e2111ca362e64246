const quote = 0x22;
const comma = 0x2c;
const lineFeed = 0x0a;
const carriageReturn = 0x0d;
const backslash = 0x5c;
const dot = 0x2e;

/**
 * Returns a function that checks a CSV file, chunk by chunk, for content that COPY silently misreads: a quote
 * within a field (COPY would read everything up to the next quote, perhaps rows later, as one value) and a line
 * `\.` (the end of the data to PostgreSQL before version 18). The function returns what it found, or undefined.
 */
export function createCsvGuard(): (chunk: Buffer) => string | undefined {
  let isQuoted = false;
  /** The previous chunk ended with a quote inside a quoted field: the next byte decides whether it closes the field. */
  let isUndecided = false;
  let last = lineFeed;
  let secondLast = lineFeed;

  function hasQuoteInField(chunk: Buffer): boolean {
    let from = 0;
    if (isUndecided) {
      isUndecided = false;
      if (chunk[0] === quote) from = 1;
      else isQuoted = false;
      if (from === 0 && !isBoundary(chunk[0])) return true;
    }
    if (chunk.indexOf(quote, from) === -1) return false;
    const { length } = chunk;
    for (let at = from; at < length; at += 1) {
      if (chunk[at] !== quote) continue;
      if (!isQuoted) {
        if (!isBoundary(at > 0 ? chunk[at - 1] : last)) return true;
        isQuoted = true;
      } else if (at + 1 === length) {
        isUndecided = true;
      } else if (chunk[at + 1] === quote) {
        at += 1;
      } else {
        isQuoted = false;
        if (!isBoundary(chunk[at + 1])) return true;
      }
    }
    return false;
  }

  function hasEndMarker(chunk: Buffer): boolean {
    if (chunk[0] === dot && last === backslash && isLineEnd(secondLast)) return true;
    for (let at = chunk.indexOf('\\.'); at !== -1; at = chunk.indexOf('\\.', at + 2)) {
      if (isLineEnd(at > 0 ? chunk[at - 1] : last)) return true;
    }
    return false;
  }

  return (chunk) => {
    if (chunk.length === 0) return undefined;
    if (hasQuoteInField(chunk)) return 'a quote within a field';
    if (hasEndMarker(chunk)) return 'a line that begins with \\.';
    secondLast = chunk.length > 1 ? (chunk[chunk.length - 2] as number) : last;
    last = chunk[chunk.length - 1] as number;
    return undefined;
  };
}

function isBoundary(byte: number | undefined): boolean {
  return byte === comma || byte === lineFeed || byte === carriageReturn;
}

function isLineEnd(byte: number | undefined): boolean {
  return byte === lineFeed || byte === carriageReturn;
}
