import test from 'ava';
import { formatTable } from '../src/cli/format.js';
import { createLog } from '../src/log.js';
import { terminalSafe } from '../src/terminal-text.js';
import fc from './support/fast-check.js';

const title = '\x1b]0;owned\x07';

test('escape sequences and bidirectional controls become visible', (t) => {
  t.is(terminalSafe(`a${title}b`), 'a\\x1b]0;owned\\x07b');
  t.is(terminalSafe('\u009b31mred'), '\\x9b31mred');
  t.is(terminalSafe('abc\u202edef'), 'abc\\u202edef');
  t.is(terminalSafe('tab\tnewline\nÄ 日本 😀'), 'tab\tnewline\nÄ 日本 😀');
});

test('property: the output has no control characters except tab and newline', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.notRegex(terminalSafe(text).replace(/[\t\n]/g, ''), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test('tables and the readable log are safe for a terminal', (t) => {
  t.notRegex(formatTable(['name'], [[title]]), /(?!\n)\p{Cc}/u);
  const lines: string[] = [];
  const log = createLog({ level: 'info', format: 'pretty', redact: (text) => text, write: (line) => lines.push(line) });
  log.warn({ carrier: title }, `refused: ${title}`);
  t.is(lines.length, 1);
  t.notRegex(lines.join(''), /(?!\n)\p{Cc}/u);
});
