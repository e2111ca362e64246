import { z } from 'zod';

// Rules that variables and the accounts file share.

export function isAccountId(text: string): boolean {
  return /^[A-Za-z0-9_-]{1,40}$/.test(text);
}

/** A number of at least 1, as text. */
export function wholeNumberText(example: string) {
  const error = `must be a whole number of at least 1, such as ${example}`;
  return z
    .string({ error })
    .refine((text) => /^[1-9]\d{0,8}$/.test(text), { error })
    .transform(Number);
}

export function isBillingType(text: string): boolean {
  return /^[A-Z][A-Z0-9_]*$/.test(text);
}

/** An operating company number. */
export function isOcn(text: string): boolean {
  return /^[0-9A-Z]{4}$/.test(text);
}
