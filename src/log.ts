import { createRequire } from 'node:module';
import { hostname } from 'node:os';
import { styleText } from 'node:util';
import type { DestinationStream, pino } from 'pino';
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
export function createLog(options: LogOptions): Log {
  return createLate(() => createPino(options), options.level);
}

const levels = ['debug', 'info', 'warn', 'error'] as const;

/** A log that is created for its first line: loading pino takes a tenth of a second, and most commands print none. */
function createLate(create: () => Log, level: LogOptions['level']): Log {
  let created: Log | undefined;
  const get = () => {
    created ??= create();
    return created;
  };
  const isLevelEnabled = (name: string) => levels.indexOf(name as LogOptions['level']) >= levels.indexOf(level);
  const write = (name: LogOptions['level']) =>
    ((...args: [object, string]) => {
      if (isLevelEnabled(name)) get()[name](...args);
    }) as Log['info'];
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    isLevelEnabled,
    child: (fields) => createLate(() => get().child(fields), level),
  };
}

function createPino({ level, format, color = false, redact, write }: LogOptions): Log {
  const load = createRequire(import.meta.url);
  const { pino } = load('pino') as typeof import('pino');
  const sink: DestinationStream = { write: (line) => write(redact(line)) };
  if (format === 'json') {
    const formatters = { level: (label: string) => ({ level: label }) };
    return pino({ level, formatters, base: { host: hostname() }, timestamp: pino.stdTimeFunctions.isoTime }, sink);
  }
  const { prettyFactory } = load('pino-pretty') as typeof import('pino-pretty');
  const formatted = prettyFactory({
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
