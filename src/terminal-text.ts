/**
 * Control characters that a terminal interprets (C0 except tab and newline, DEL, C1), bidirectional controls that reorder
 * displayed text (Unicode TR 9; TR 36 describes the risk), and line and paragraph separators.
 */
const unsafe = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Makes text from the API, a file or the database safe to print on a terminal: it can't move the cursor, change the title or
 * color, or reorder what is displayed. Unsafe characters become visible escapes: `\x1b`, `\u202e`.
 */
export function terminalSafe(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) as number;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
