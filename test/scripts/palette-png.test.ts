import { deflateSync } from 'node:zlib';
import test from 'ava';
import { readPng, sideBySide, writePalettePng } from '../../scripts/palette-png.js';

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, Buffer.from(type), content, Buffer.alloc(4)]);
}

/** A PNG of one channel depth, with a filter per line. */
function png(width: number, channels: 3 | 4, lines: readonly (readonly number[])[]): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(lines.length, 4);
  header.set([8, channels === 3 ? 2 : 6, 0, 0, 0], 8);
  const data = deflateSync(Buffer.from(lines.flat()));
  return Buffer.concat([Buffer.alloc(8), chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
}

test('all filters of PNG lines are undone', (t) => {
  const lines = [
    [0, 10, 20, 30, 40, 50, 60],
    [1, 1, 2, 3, 1, 1, 1], // sub
    [2, 1, 1, 1, 1, 1, 1], // up
    [3, 1, 1, 1, 1, 1, 1], // average
    [4, 1, 1, 1, 1, 1, 1], // paeth
  ];
  const { width, height, pixels } = readPng(png(2, 3, lines));
  t.deepEqual([width, height], [2, 5]);
  t.deepEqual(
    [...pixels],
    [
      ...[10, 20, 30, 40, 50, 60],
      ...[1, 2, 3, 2, 3, 4],
      ...[2, 3, 4, 3, 4, 5],
      ...[2, 2, 3, 3, 4, 5],
      ...[3, 3, 4, 4, 5, 6],
    ],
  );
  t.deepEqual([...readPng(png(1, 4, [[0, 1, 2, 3, 255]])).pixels], [1, 2, 3]);
});

test('a picture with more than 256 colors gets the nearest of the most frequent ones', (t) => {
  const picture = {
    width: 300,
    height: 2,
    pixels: Uint8Array.from({ length: 1800 }, (_, index) =>
      index % 3 === 0 ? Math.min(index / 3, 255) % 256 : index < 900 ? 0 : 1,
    ),
  };
  const file = writePalettePng(picture);
  t.is(file.toString('latin1', 1, 4), 'PNG');
  const palette = file.indexOf('PLTE');
  t.is(file.readUInt32BE(palette - 4), 256 * 3);
  t.is(file[25], 3, 'indexed colors');
});

test('pictures are put side by side, with margins', (t) => {
  const white = { width: 1, height: 1, pixels: Uint8Array.from([255, 255, 255]) };
  const { width, height, pixels } = sideBySide([white, white], { margin: 1, gray: 7 });
  t.deepEqual([width, height], [5, 3]);
  const middle = [...pixels.subarray(15, 30)].filter((_, index) => index % 3 === 0);
  t.deepEqual(middle, [7, 255, 7, 255, 7]);
});
