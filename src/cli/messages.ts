import { type ConfigSource, readLogFormat } from '../config.js';
import { createLog, type Log } from '../log.js';
import { createRedactor, type Redact } from '../redact.js';
import { terminalSafe } from '../terminal-text.js';

/** Fields of a message that apply: what it is about. */
export type MessageFields = Readonly<Record<string, string | number | undefined>>;

/**
 * Prints a message for the user on standard error: as plain text or, where the log is JSON, as a line of the log, so that a log
 * collector never meets anything else.
 */
export type PrintMessage = (level: 'info' | 'warn' | 'error', text: string, fields?: MessageFields) => void;

export interface MessageOptions {
  format: 'pretty' | 'json';
  log: Log;
  redact: Redact;
  /** Receives plain text with its line break. */
  write: (text: string) => void;
}

export function createPrintMessage({ format, log, redact, write }: MessageOptions): PrintMessage {
  if (format === 'json') return (level, text, fields = {}) => log[level](fields, text);
  return (_level, text) => write(`${terminalSafe(redact(text))}\n`);
}

/** The format of the log if the settings don't name one. */
export function defaultLogFormat(): 'pretty' | 'json' {
  return process.stderr.isTTY ? 'pretty' : 'json';
}

/** Prints messages while there is no session: before the configuration is read, and if it can't be. */
export function messagesWithoutSession({ env, cwd }: Pick<ConfigSource, 'env' | 'cwd'>): PrintMessage {
  const format = readLogFormat({ env, cwd }) ?? defaultLogFormat();
  const redact = createRedactor([]);
  const write = (text: string) => void process.stderr.write(text);
  return createPrintMessage({ format, log: createLog({ level: 'info', format, redact, write }), redact, write });
}
