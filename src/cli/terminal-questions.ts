import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { InterruptedError } from '../errors.js';

/** Asks questions on a terminal. */
export interface Questions {
  /**
   * Asks until the answer is valid. An empty answer is the default, if there is one.
   *
   * @param options.problem what is wrong with an answer, as a sentence; undefined: nothing
   *
   * @throws {InterruptedError} Ctrl-C or the end of the input
   */
  ask(question: string, options?: QuestionOptions): Promise<string>;
  close(): void;
}

export interface QuestionOptions {
  /** The answer to an empty line; without it, an empty line is asked again. */
  fallback?: string;
  /** Don't show what is typed. */
  hidden?: boolean;
  problem?: (answer: string) => string | undefined;
}

export function askQuestions(): Questions {
  let isHidden = false;
  const output = new Writable({
    write(chunk, _encoding, done) {
      if (!isHidden) process.stdout.write(chunk);
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output, terminal: true, historySize: 0 });
  const stopped = new AbortController();
  const stop = () => stopped.abort(new InterruptedError('Stopped. Nothing was written.'));
  lines.on('SIGINT', stop).on('close', stop);
  const read = async (prompt: string, hidden: boolean): Promise<string> => {
    if (!hidden) return (await lines.question(prompt, { signal: stopped.signal })).trim();
    process.stdout.write(prompt);
    isHidden = true;
    try {
      return (await lines.question('', { signal: stopped.signal })).trim();
    } finally {
      isHidden = false;
      process.stdout.write('\n');
    }
  };
  return {
    async ask(question, { fallback, hidden = false, problem } = {}) {
      const prompt = `${question}${fallback ? ` [${fallback}]` : ''}: `;
      for (;;) {
        const answer = await read(prompt, hidden).catch((error: unknown) => {
          stopped.signal.throwIfAborted();
          throw error;
        });
        const chosen = answer === '' ? fallback : answer;
        const wrong = chosen === undefined ? 'An answer is required.' : problem?.(chosen);
        if (wrong === undefined) return chosen ?? '';
        process.stdout.write(`${wrong}\n`);
      }
    },
    close: () => lines.close(),
  };
}
