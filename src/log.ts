import { hostname } from 'node:os';
import { styleText } from 'node:util';
import { type DestinationStream, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Redact } from './redact.js';
import { terminalSafe } from './terminal-text.js';

/** Structured log: data as fields, one sentence as the message. `child` adds fields to every line. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'> & {
  child(fields: Readonly<Record<string, string>>): Log;
};

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error';
  format: 'pretty' | 'json';
  /** Color the level of warnings and errors; only for `pretty`. */
  color?: boolean;
  redact: Redact;
  /** Receives formatted lines. The command line writes them to standard error. */
  write: (line: string) => void;
}

/**
 * Creates the log. A JSON line has the level as a word, the time, the host, the message, and the fields that apply, such as
 * `account`, `job` and `run_id`. The redactor sees every formatted line, so that no field can leak a secret.
 */
export function createLog({ level, format, color = false, redact, write }: LogOptions): Log {
  const sink: DestinationStream = { write: (line) => write(redact(line)) };
  if (format === 'json') {
    const formatters = { level: (label: string) => ({ level: label }) };
    return pino({ level, formatters, base: { host: hostname() }, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  }
  const formatted = pretty.prettyFactory({
    colorize: false,
    translateTime: 'SYS:HH:MM:ss',
    // Only useful for searching the lines of several runs.
    ignore: 'pid,hostname,run_id',
    singleLine: true,
  });
  const paint = (line: string) =>
    color
      ? line.replace(/(?<=^\S+ )(?:WARN|ERROR)/, (word) => styleText(word === 'WARN' ? 'yellow' : 'red', word))
      : line;
  return pino({ level, base: null }, { write: (line) => sink.write(paint(terminalSafe(formatted(JSON.parse(line))))) });
}
