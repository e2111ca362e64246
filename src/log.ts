import { type DestinationStream, pino } from 'pino';
import pretty from 'pino-pretty';
import type { Redact } from './redact.js';
import { terminalSafe } from './terminal-text.js';

/** Structured logging: facts as fields, one sentence as the message. */
export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'>;

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error';
  format: 'pretty' | 'json';
  redact: Redact;
  /** Receives finished lines; standard error in the program. */
  write: (line: string) => void;
}

/** The program's log. Every line passes the redactor whole, so that no field of any kind can carry a secret out. */
export function createLog({ level, format, redact, write }: LogOptions): Log {
  const sink: DestinationStream = { write: (line) => write(redact(line)) };
  if (format === 'json') return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  const formatted = pretty.prettyFactory({
    colorize: false,
    translateTime: 'SYS:HH:MM:ss',
    ignore: 'pid,hostname',
    singleLine: true,
  });
  return pino({ level, base: null }, { write: (line) => sink.write(terminalSafe(formatted(JSON.parse(line)))) });
}
