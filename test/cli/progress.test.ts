import { PassThrough } from 'node:stream';
import test from 'ava';
import { createProgress } from '../../src/cli/progress.js';

/** A stream that says it is a terminal, and keeps what it is sent. */
function fakeStream(isTTY: boolean): { stream: NodeJS.WriteStream; text(): string } {
  const chunks: string[] = [];
  const stream = Object.assign(new PassThrough(), {
    isTTY,
    columns: 200,
    rows: 50,
    cursorTo: () => true,
    moveCursor: () => true,
    clearLine: () => true,
  });
  stream.on('data', (chunk) => chunks.push(String(chunk)));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => chunks.join('') };
}

test('on a terminal a bar shows rows, rate and time left, and leaves no line behind', (t) => {
  const { stream, text } = fakeStream(true);
  const progress = createProgress({ stream, bar: true }).start('sync-number-details 9900008');
  progress.expect(20_000);
  progress.advance({ pages: 1, rowsRead: 5_000, rowsWritten: 0 });
  progress.advance({ pages: 2, rowsRead: 10_000, rowsWritten: 0 });
  progress.stop();
  t.regex(text(), /sync-number-details 9900008 \[.+\] \d+ % \| [\d,]+ of 20,000 rows \| [\d,]+ rows\/s \| .+ left/);
  t.notRegex(text(), /NaN|Infinity|undefined/);
});

test('a run that read nothing shows no bar', (t) => {
  const { stream, text } = fakeStream(true);
  const progress = createProgress({ stream, bar: true }).start('nightly 9900008');
  progress.advance({ pages: 0, rowsRead: 0, rowsWritten: 0 });
  progress.stop();
  t.is(text(), '');
});

test('elsewhere there are plain lines, not more than one in a few seconds', (t) => {
  const { stream, text } = fakeStream(false);
  let time = 0;
  const progress = createProgress({ stream, bar: false, now: () => time }).start('nightly 9900008');
  progress.expect(20_000);
  for (const second of [1, 4, 6, 7, 10, 12]) {
    time = second * 1000;
    progress.advance({ pages: second, rowsRead: second * 1000, rowsWritten: 0 });
  }
  progress.stop();
  t.is(
    text(),
    'nightly 9900008: 6,000 of 20,000 rows, 6 pages, 1,000 rows/s, 14.0 s left\n' +
      'nightly 9900008: 12,000 of 20,000 rows, 12 pages, 1,000 rows/s, 8.0 s left\n',
  );
});
