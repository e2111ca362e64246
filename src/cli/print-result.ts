import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Content } from '../stored-files/parts.js';
import { terminalSafe } from '../terminal-text.js';

/** Prints a command's result: JSON unchanged, text made safe for a terminal. */
export function printResult(text: string, { json = false }: { json?: boolean | undefined } = {}): void {
  process.stdout.write(`${json ? text : terminalSafe(text)}\n`);
}

/**
 * Prints a part of a long result and waits until it is taken. Returns false if the output is closed (`| head`) or can't be written,
 * which `main` reports.
 */
export function printPart(text: string): Promise<boolean> {
  if (text === '') return Promise.resolve(true);
  return new Promise((resolve) => {
    process.stdout.write(text, (error) => resolve(error === undefined || error === null));
  });
}

/** Prints a long result as it is made. */
export async function writeToStdout(content: Content): Promise<void> {
  await pipeline(Readable.from(content, { objectMode: false }), process.stdout, { end: false }).catch(
    (error: NodeJS.ErrnoException) => {
      // A closed pipe (`| head`) is not a failure.
      if (error.code !== 'EPIPE') throw error;
    },
  );
}
