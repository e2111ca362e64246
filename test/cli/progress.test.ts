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

test('a bar is full when all that is expected has come, and not made up where nothing is known of the whole', (t) => {
  const known = fakeStream(true);
  const listing = createProgress({ stream: known.stream, bar: true }).start('known');
  listing.expect(10);
  listing.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
  listing.stop();
  t.regex(known.text(), /known \[■{40}\] 100 % \| 10 of 10 rows/);
  const unknown = fakeStream(true);
  const details = createProgress({ stream: unknown.stream, bar: true }).start('unknown');
  details.advance({ pages: 1, rowsRead: 2_500, rowsWritten: 0 });
  details.stop();
  t.regex(unknown.text(), /unknown 2,500 rows \| [\d,]+ rows\/s \| .+ so far/);
  t.notRegex(unknown.text(), /%/);
});

test('a night leaves the display to the job that it runs', (t) => {
  const { stream, text } = fakeStream(true);
  const display = createProgress({ stream, bar: true });
  const night = display.start('nightly');
  for (const job of ['first', 'second']) {
    const part = display.start(job);
    part.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
    part.stop();
    night.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
  }
  night.advance({ pages: 2, rowsRead: 20, rowsWritten: 0 });
  night.stop();
  t.regex(text(), /first.*second/s);
  t.notRegex(text(), /nightly/);
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
