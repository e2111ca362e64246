import { randomBytes } from 'node:crypto';
import { UsageError } from '../errors.js';

/** The API takes 40 characters: these for the operator, the rest for what makes the id the batch's and the chunk's own. */
export const maxOwnLength = 20;
const keyLength = 10;
const usualBegin = 'tn-ledger';

/** A new key, by which a batch's ids differ from those of any other, in this database or in one that was lost. */
export function newBatchKey(): string {
  const digits = 'abcdefghijkmnpqrstuvwxyz23456789';
  return [...randomBytes(keyLength)].map((byte) => digits[byte % digits.length]).join('');
}

/**
 * The `CustomerOrderId` of a chunk: always the same for the same batch and chunk, never the same for two.
 * At most 40 characters of letters, digits, dashes and spaces.
 */
export function customerOrderId(batchKey: string, chunk: number, own: string | undefined): string {
  return `${own ?? usualBegin}-${batchKey}-${chunk}`;
}

/**
 * What the operator wants ids to begin with, cut to the 20 characters that leave room.
 * @throws {UsageError} characters that the API does not take
 */
export function checkOwnId(text: string): string {
  if (!/^[A-Za-z0-9 -]+$/.test(text) || text.trim() === '') {
    throw new UsageError(`${JSON.stringify(text)} can't be a customer order id.`, {
      hint: 'Bandwidth takes letters, digits, dashes and spaces.',
    });
  }
  return text.trim().slice(0, maxOwnLength).trimEnd();
}
