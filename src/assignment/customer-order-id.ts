import { randomBytes } from 'node:crypto';
import { UsageError } from '../errors.js';

/** The API accepts 40 characters: this many for the operator's prefix, the rest for the batch key and chunk number. */
export const maxPrefixLength = 20;
const keyLength = 10;
const defaultPrefix = 'tn-ledger';

/**
 * Returns a random key that makes a batch's ids differ from those of every other batch, in this database or in one
 * that was lost.
 */
export function newBatchKey(): string {
  const digits = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(keyLength)].map((byte) => digits[byte % digits.length]).join('');
}

/**
 * Returns the `CustomerOrderId` of a chunk: stable for a given batch and chunk, and unique to them. At most 40
 * letters, digits, dashes and spaces.
 */
export function customerOrderId(batchKey: string, chunk: number, prefix: string | undefined): string {
  return `${prefix ?? defaultPrefix}-${batchKey}-${chunk}`;
}

/**
 * Validates the operator's prefix for ids, cut to the 20 characters available.
 * @throws {UsageError} for characters that the API doesn't accept
 */
export function checkCustomPrefix(text: string): string {
  if (!/^[A-Za-z0-9 -]+$/.test(text) || text.trim() === '') {
    throw new UsageError(`${JSON.stringify(text)} isn't a valid customer order id.`, {
      hint: 'Use letters, digits, dashes and spaces.',
    });
  }
  return text.trim().slice(0, maxPrefixLength).trimEnd();
}
