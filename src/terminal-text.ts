/**
 * Control characters that a terminal acts on (C0 but for tab and newline, DEL, C1), and the marks that reorder what is shown
 * (Unicode TR 9, and TR 36 on why they mislead). Line and paragraph separators break lines that we keep whole.
 */
const unsafe = /(?![\t\n])[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * A text as it may be written to a terminal: whatever came from the API, a file or the database, it moves no cursor, changes no
 * title or color, and is not shown in another order than it is written. Unsafe characters become visible: `\x1b`, `\u202e`.
 */
export function terminalSafe(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) as number;
    return code <= 0xff ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
