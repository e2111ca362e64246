import { terminalSafe } from '../terminal-text.js';

/** Prints a command's result: JSON unchanged, text made safe for a terminal. */
export function printResult(text: string, { json = false }: { json?: boolean | undefined } = {}): void {
  process.stdout.write(`${json ? text : terminalSafe(text)}\n`);
}
