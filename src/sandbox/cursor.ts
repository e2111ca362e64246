import { hash } from './hash.js';

const saltCursor = 61;

/** An opaque cursor for the first number of a page: its masked key and a check value. */
export function writeCursor(seed: number, key: number): string {
  const bytes = Buffer.alloc(12);
  bytes.writeDoubleBE(key, 0);
  bytes.writeUInt32BE(hash(hash(saltCursor, seed), key), 8);
  for (let i = 0; i < 8; i++) {
    bytes[i] = (bytes[i] as number) ^ (bytes[8 + (i % 4)] as number);
  }
  return bytes.toString('base64url');
}

/** The key in a cursor; undefined if writeCursor didn't create the cursor. */
export function readCursor(seed: number, cursor: string): number | undefined {
  const bytes = Buffer.from(cursor, 'base64url');
  if (bytes.length !== 12) {
    return undefined;
  }
  for (let i = 0; i < 8; i++) {
    bytes[i] = (bytes[i] as number) ^ (bytes[8 + (i % 4)] as number);
  }
  const key = bytes.readDoubleBE(0);
  return Number.isSafeInteger(key) && writeCursor(seed, key) === cursor ? key : undefined;
}
