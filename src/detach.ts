/** A copy, for a text that outlives the page it was cut from: V8 keeps the whole page in memory for a substring of it. */
export function detach(text: string): string {
  return Buffer.from(text, 'utf8').toString('utf8');
}
