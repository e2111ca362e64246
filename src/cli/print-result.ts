import { terminalSafe } from '../terminal-text.js';

/** Prints what a command found: JSON as it is, text safe for a terminal. */
export function printResult(text: string, { json = false }: { json?: boolean | undefined } = {}): void {
  process.stdout.write(`${json ? text : terminalSafe(text)}\n`);
}
