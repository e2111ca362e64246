import { mkdir, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import anyTest, { type TestFn } from 'ava';
import { openArchive } from '../../src/billing/archive.js';
import { readFileIn } from '../../src/billing/read-file.js';
import { archiveOf } from '../../src/sandbox/billing/archive.js';
import { defaultBehavior, type SandboxReport } from '../../src/sandbox/billing/behavior.js';
import { zipWhole } from '../../src/sandbox/billing/zip.js';
import { makeFolder } from '../end-to-end/support.js';
import { billingSettings } from '../sync/support/ledger.js';
import { type ArchiveFault, archiveWith, zipMalformed } from './support/malformed-zip.js';

const test = anyTest as TestFn;
const { limits } = billingSettings();
const report: SandboxReport = {
  id: 'x',
  account: '9900000',
  type: 'BDR',
  from: '2026-10-01',
  to: '2026-10-01',
  resource: 'billingreports',
};

/** Returns names and contents of an archive's files. */
async function readAll(path: string, options: Partial<Parameters<typeof openArchive>[1]> = {}) {
  const archive = await openArchive(path, { type: 'BDR', limits, ...options });
  const read: Record<string, string> = {};
  for (const file of archive.files) {
    let text = '';
    for await (const chunk of readFileIn(archive, file, { limits, unpacked: 0, ...options })) text += chunk.toString();
    read[file.name] = text;
  }
  return read;
}

async function write(t: Parameters<typeof makeFolder>[0], content: Buffer): Promise<string> {
  const path = join(await makeFolder(t), 'data', 'downloads', 'archive.zip');
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const refusals: Partial<Record<ArchiveFault, RegExp>> = {
  'cut-tail': /archive\.zip has an unreadable directory and may be truncated/,
  'wrong-crc': /is damaged: the checksum \(CRC\) of "BDR-2026-10-01-2026-10-01\.csv" is wrong/,
  'wrong-size': /is damaged: .* has \d+ bytes, but its directory says 1\b/,
  nested: /contains another archive, "inner\.zip"/,
  encrypted: /is encrypted \(its file "BDR/,
  method: /contains "BDR.*" compressed by method 12, which is not supported/,
  'duplicate-names': /contains two files of the same name, "BDR/,
  'many-files': /contains 101 files, more than the limit of 100/,
  overlap: /contains overlapping files/,
  bomb: /contains "bomb\.csv", which unpacks to more than 200 times its compressed size/,
  'no-csv': /contains "readme\.html", which isn't a CSV file/,
  'not-zip': /has an unreadable directory/,
  empty: /contains no files/,
};
for (const [fault, expected] of Object.entries(refusals)) {
  test(`an archive with the fault ${fault} is refused with a reason`, async (t) => {
    const behavior = { ...defaultBehavior(), archive: archiveWith(fault as ArchiveFault) };
    const path = await write(t, (await archiveOf(report, behavior, { seed: 1 })) as Buffer);
    const error = await t.throwsAsync(readAll(path), { name: 'ArchiveError', message: expected });
    t.regex(error?.message ?? '', /Nothing was loaded, and the archive was kept\.$/);
    t.deepEqual(await readdir(dirname(path)), ['archive.zip']);
  });
}

test('an archive of more than 2 GiB is refused by its size, before it is read', async (t) => {
  const path = await write(t, Buffer.from('PK'));
  // A sparse file: it takes no disk space.
  await truncate(path, 2 ** 31);
  await t.throwsAsync(readAll(path), { name: 'ArchiveError', message: /is 2147483648 bytes, more than the 2 GiB/ });
  t.is((await stat(path)).size, 2 ** 31);
});

test('names with paths are read under their base names, and nothing is written to disk', async (t) => {
  const behavior = { ...defaultBehavior(), archive: archiveWith('unsafe-names'), rowsPerDay: 1 };
  const path = await write(t, (await archiveOf(report, behavior, { seed: 1 })) as Buffer);
  t.deepEqual(Object.keys(await readAll(path)), ['escaped.csv', 'absolute.csv', 'windows.csv']);
  t.deepEqual(await readdir(dirname(path)), ['archive.zip']);
  t.deepEqual(await readdir(dirname(dirname(path))), ['downloads']);
});

test("a zip bomb with a false size in its directory doesn't get past the limits", async (t) => {
  const zeros = Buffer.alloc(10_000_000);
  const files = [{ name: 'x.csv', content: zeros, size: 100 }];
  await t.throwsAsync(readAll(await write(t, await zipMalformed(files))), {
    message: /more than 200 times its compressed size/,
  });
  const narrow = { ...limits, ratio: 100_000, uncompressedBytes: 1_000_000 };
  const path = await write(t, await zipMalformed(files));
  const error = await t.throwsAsync(readAll(path, { limits: narrow }), {
    message: /unpacks to more than the limit of 1000000 bytes/,
  });
  t.regex((error as { hint?: string }).hint ?? '', /TN_LEDGER_ARCHIVE_MAX_SIZE/);
});

test('a directory with too many entries is refused by its count', async (t) => {
  const folders = Array.from({ length: 400 }, (_, n) => ({ name: `${n}/`, content: '' }));
  const path = await write(t, await zipWhole([{ name: 'x.csv', content: 'x' }, ...folders]));
  await t.throwsAsync(readAll(path), {
    name: 'ArchiveError',
    message: /contains 401 files, more than the limit of 100/,
  });
});

test('a name with thousands of folders is refused before it is processed', async (t) => {
  const path = await write(t, await zipWhole([{ name: `${'a/'.repeat(32_000)}x.csv`, content: 'x' }]));
  await t.throwsAsync(readAll(path), { name: 'ArchiveError', message: /a file whose name is 64005 bytes long/ });
});

test('a corrupted byte anywhere in the data is detected', async (t) => {
  const text = Array.from({ length: 5000 }, (_, n) => `${n},${(n * 7919) % 1000}\n`).join('');
  const whole = await zipWhole([{ name: 'x.csv', content: text }]);
  for (let at = 60; at < whole.length - 200; at += 997) {
    const damaged = Buffer.from(whole);
    damaged[at] = (damaged[at] as number) ^ 0x10;
    await t.throwsAsync(readAll(await write(t, damaged)), { message: /is damaged/ }, `byte ${at}`);
  }
  t.deepEqual(await readAll(await write(t, whole)), { 'x.csv': text });
});

test('folders and macOS metadata are ignored; a PDF is kept if it is an invoice', async (t) => {
  const files = [
    { name: 'folder/', content: '' },
    { name: 'folder/a.CSV', content: 'x\n' },
    { name: '__MACOSX/folder/._a.CSV', content: 'y' },
  ];
  t.deepEqual(await readAll(await write(t, await zipWhole(files))), { 'a.CSV': 'x\n' });
  const path = await write(t, await zipWhole([{ name: 'a.pdf', content: '%PDF-1.4' }]));
  const archive = await openArchive(path, { type: 'INVOICE', limits });
  t.deepEqual(
    archive.files.map(({ name, kind }) => [name, kind]),
    [['a.pdf', 'document']],
  );
  await t.throwsAsync(openArchive(path, { type: 'BDR', limits }), { message: /"a\.pdf", which isn't a CSV file/ });
});

test('a missing file is a usage error', async (t) => {
  await t.throwsAsync(openArchive('/nonexistent/a.zip', { type: 'BDR', limits }), {
    name: 'UsageError',
    message: /can't be read: ENOENT/,
  });
});
