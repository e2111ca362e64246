import { PassThrough } from 'node:stream';
import test from 'ava';
import stringWidth from 'string-width';
import { createProgress } from '../../src/cli/progress.js';
import { createStatusLine } from '../../src/cli/status-line.js';

/** A stream with the given isTTY that records its output. */
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

test('on a terminal, a bar shows rows, rate and time left', (t) => {
  const { stream, text } = fakeStream(true);
  const progress = createProgress({ stream, bar: true }).start({ job: 'sync-number-details', account: '9900008' });
  progress.expect(20_000);
  progress.advance({ pages: 1, rowsRead: 5_000, rowsWritten: 0 });
  progress.advance({ pages: 2, rowsRead: 10_000, rowsWritten: 0 });
  progress.stop();
  t.regex(text(), /sync-number-details 9900008 \[.+\] \d+ % \| [\d,]+ of 20,000 rows \| [\d,]+ rows\/s \| .+ left/);
  t.notRegex(text(), /NaN|Infinity|undefined/);
});

test('the bar is full at the expected total, and absent if the total is unknown', (t) => {
  const known = fakeStream(true);
  const listing = createProgress({ stream: known.stream, bar: true }).start({ job: 'known', account: '9900008' });
  listing.expect(10);
  listing.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
  listing.stop();
  t.regex(known.text(), /known 9900008 \[■{40}\] 100 % \| 10 of 10 rows/);
  const unknown = fakeStream(true);
  const details = createProgress({ stream: unknown.stream, bar: true }).start({ job: 'unknown', account: '9900008' });
  details.advance({ pages: 1, rowsRead: 2_500, rowsWritten: 0 });
  details.stop();
  t.regex(unknown.text(), /unknown 9900008 2,500 rows \| [\d,]+ rows\/s \| .+ so far/);
  t.notRegex(unknown.text(), /%/);
});

test('the bar takes the room that the terminal leaves it, and none if there is too little', (t) => {
  for (const [columns, bar] of [
    [120, /^sync-orders 9900008 \[■{2,}[■ ]+\] 50 % \|/],
    [70, /^sync-orders 9900008 50 % \|/],
  ] as const) {
    const { stream, text } = fakeStream(true);
    stream.columns = columns;
    const progress = createProgress({ stream, bar: true, now: () => 1000 }).start({
      job: 'sync-orders',
      account: '9900008',
    });
    progress.expect(10_000);
    progress.advance({ pages: 5, rowsRead: 5_000, rowsWritten: 0 });
    progress.stop();
    t.regex(text(), bar);
    t.true(stringWidth(text()) < columns, text());
  }
});

test('the time left is at least what the rate limit takes for the remaining requests', (t) => {
  const shown = (rowsRead: number, seconds: number) => {
    const { stream, text } = fakeStream(true);
    let time = 0;
    const display = createProgress({ stream, bar: true, limitOf: () => 100, now: () => time });
    const progress = display.start({ job: 'sync-orders', account: '9900008' });
    progress.expect(10_000);
    time = seconds * 1000;
    progress.advance({ pages: rowsRead, rowsRead, rowsWritten: 0 });
    progress.stop();
    return text().split(' | ').at(-1);
  };
  // 9,950 requests are left.
  t.is(shown(50, 1), '1 h 39 min left, limited by 100 requests/min');
  // The last hundred can be sent at once.
  t.is(shown(9_900, 990), '10.0 s left');
  t.is(shown(50, 60), '3 h 19 min left');
});

test('during a nightly run, only the current job is shown', (t) => {
  const { stream, text } = fakeStream(true);
  const statusLine = createStatusLine(stream);
  const display = createProgress({ stream, bar: true, statusLine });
  const whole = display.start({ job: 'nightly', account: '9900008' });
  for (const job of ['first', 'second']) {
    const part = display.start({ job, account: '9900008' });
    part.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
    statusLine.printAbove('a log line\n');
    part.stop();
    whole.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
  }
  whole.advance({ pages: 2, rowsRead: 20, rowsWritten: 0 });
  whole.stop();
  t.regex(text(), /first.*second/s);
  t.notRegex(text(), /nightly/);
});

test('each account has its own line, which its next job takes over', (t) => {
  const { stream, text } = fakeStream(true);
  const moves: number[] = [];
  stream.moveCursor = (_dx, dy) => moves.push(dy) > 0;
  const statusLine = createStatusLine(stream);
  const display = createProgress({ stream, bar: true, statusLine });
  const drawnBelow = (line: string) => {
    const before = text().length;
    statusLine.printAbove(`${line}\n`);
    return text().slice(before + line.length + 1);
  };
  const wholes = ['1', '2'].map((account) => display.start({ job: 'nightly', account }));
  const parts = ['1', '2'].map((account) => display.start({ job: 'sync-orders', account }));
  for (const part of parts) part.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
  t.regex(drawnBelow('a'), /^sync-orders 1 10 rows[^\n]*\nsync-orders 2 10 rows[^\n]*$/);
  parts[0]?.stop();
  const next = display.start({ job: 'sync-portins', account: '1' });
  t.regex(drawnBelow('b'), /^sync-portins 1\nsync-orders 2 10 rows[^\n]*$/);
  next.stop();
  wholes[0]?.stop();
  t.regex(drawnBelow('c'), /^sync-orders 2 10 rows[^\n]*$/);
  t.deepEqual(moves, [-1, -1], 'two lines are erased from the first one on');
  parts[1]?.stop();
  wholes[1]?.stop();
  t.is(drawnBelow('d'), '');
});

test('more accounts than the terminal has rows are counted on its last line', (t) => {
  const { stream, text } = fakeStream(true);
  stream.rows = 4;
  const statusLine = createStatusLine(stream);
  for (let nth = 1; nth <= 5; nth += 1) statusLine.show(String(nth), () => `line ${nth}`);
  statusLine.printAbove('');
  t.true(text().endsWith('line 1\nline 2\n… and 3 more'));
});

test('a run that has read nothing shows no bar', (t) => {
  const { stream, text } = fakeStream(true);
  const progress = createProgress({ stream, bar: true }).start({ job: 'nightly', account: '9900008' });
  progress.advance({ pages: 0, rowsRead: 0, rowsWritten: 0 });
  progress.stop();
  t.is(text(), '');
});

test('without a terminal, plain lines are printed every few seconds', (t) => {
  const { stream, text } = fakeStream(false);
  let time = 0;
  const progress = createProgress({ stream, bar: false, now: () => time }).start({
    job: 'nightly',
    account: '9900008',
  });
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

test('log lines are printed above the bar, which is redrawn below them', (t) => {
  const { stream, text } = fakeStream(true);
  const erased: number[] = [];
  stream.clearLine = () => erased.push(text().length) > 0;
  const statusLine = createStatusLine(stream);
  const progress = createProgress({ stream, bar: true, statusLine }).start({ job: 'sync-orders', account: '9900008' });
  statusLine.printAbove('before\n');
  progress.advance({ pages: 1, rowsRead: 10, rowsWritten: 0 });
  const drawn = text().length;
  statusLine.printAbove('a warning\n');
  progress.stop();
  statusLine.printAbove('after\n');
  t.regex(text(), /^before\nsync-orders 9900008 10 rows.*a warning\nsync-orders 9900008 10 rows.*after\n$/s);
  t.deepEqual(erased, [drawn, text().length - 'after\n'.length], 'erased before the warning, and at the end');
});
