import { createRequire } from 'node:module';

const load = createRequire(import.meta.url);

/** The columns of a terminal that a text takes up. `string-width` is loaded late: nearly all text is plain ASCII. */
export function textWidth(text: string): number {
  if (/^[ -~]*$/.test(text)) return text.length;
  const { default: stringWidth } = load('string-width') as typeof import('string-width');
  return stringWidth(text);
}
