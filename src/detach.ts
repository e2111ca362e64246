/** Copies a string that outlives its page: V8 substrings keep the whole page in memory. */
export function detach(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
