import { hostname } from 'node:os';
import test from 'ava';
import { createLog } from '../src/log.js';
import { createRedactor } from '../src/redact.js';

function collect(format: 'json' | 'pretty', level: 'debug' | 'info' | 'warn' | 'error' = 'info') {
  const lines: string[] = [];
  const log = createLog({ level, format, redact: createRedactor(['very-secret']), write: (line) => lines.push(line) });
  return { log, lines };
}

test('json: a line is an object with time, level, fields and message', (t) => {
  const { log, lines } = collect('json');
  log.warn({ account: '9900008', pages: 3 }, 'Read');
  t.is(lines.length, 1);
  const { time, ...rest } = JSON.parse(lines[0] as string);
  t.deepEqual(rest, { level: 'warn', host: hostname(), account: '9900008', pages: 3, msg: 'Read' });
  t.false(Number.isNaN(Date.parse(time)));
});

test('pretty: a line contains the message and its fields', (t) => {
  const { log, lines } = collect('pretty');
  log.info({ account: '9900008' }, 'Read');
  t.regex(lines.join(''), /^\[\d\d:\d\d:\d\d\] INFO: Read \{"account":"9900008"\}\n$/);
});

test('lines below the configured level are dropped', (t) => {
  const { log, lines } = collect('json', 'warn');
  log.debug('no');
  log.info('no');
  log.error('yes');
  t.is(lines.length, 1);
});

for (const format of ['json', 'pretty'] as const) {
  test(`${format}: secrets are redacted in messages, fields, errors and their causes`, (t) => {
    const { log, lines } = collect(format);
    log.info('message with very-secret');
    log.info({ deep: { list: ['very-secret'] }, header: 'Bearer abcdefgh' }, 'fields');
    log.error({ err: new Error('outer', { cause: new Error('very-secret') }) }, 'error');
    t.is(lines.length, 3);
    t.notRegex(lines.join(''), /very-secret|abcdefgh/);
    t.regex(lines.join(''), /\[secret\]/);
  });
}
