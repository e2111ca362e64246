import { crc32, deflateSync, inflateSync } from 'node:zlib';

/** An image: three bytes (red, green, blue) per pixel, row by row. */
export interface Picture {
  width: number;
  height: number;
  pixels: Uint8Array;
}

const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const mostColors = 256;

/** Reads a PNG as Chromium and pdftoppm write them: 8 bits per channel, RGB or RGBA (without transparency), not interlaced. */
export function readPng(file: Buffer): Picture {
  let header: Buffer | undefined;
  const data: Buffer[] = [];
  for (let at = signature.length; at < file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const content = file.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = content;
    if (type === 'IDAT') data.push(content);
    at += 12 + length;
  }
  if (header === undefined) throw new TypeError('Not a PNG');
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = { 2: 3, 6: 4 }[header[9] as number];
  if (header[8] !== 8 || channels === undefined || header[12] !== 0) {
    throw new TypeError(`Not an 8-bit RGB or RGBA PNG without interlacing: ${header.toString('hex')}`);
  }
  const lines = unfilter(inflateSync(Buffer.concat(data)), { stride: width * channels, height, channels });
  const pixels = new Uint8Array(width * height * 3);
  for (let index = 0; index < width * height; index += 1)
    pixels.set(lines.subarray(index * channels, index * channels + 3), index * 3);
  return { width, height, pixels };
}

/** Undoes the filters of the lines: https://www.w3.org/TR/png-3/#9Filters */
function unfilter(
  filtered: Uint8Array,
  { stride, height, channels }: { stride: number; height: number; channels: number },
): Uint8Array {
  const lines = new Uint8Array(stride * height);
  const at = (row: number, column: number) => (row < 0 || column < 0 ? 0 : (lines[row * stride + column] as number));
  for (let row = 0; row < height; row += 1) {
    const filter = filtered[row * (stride + 1)] as number;
    for (let column = 0; column < stride; column += 1) {
      const value = filtered[row * (stride + 1) + 1 + column] as number;
      const [left, up, corner] = [at(row, column - channels), at(row - 1, column), at(row - 1, column - channels)];
      const predicted = [0, left, up, (left + up) >> 1, paeth(left, up, column < channels ? 0 : corner)][filter];
      if (predicted === undefined) throw new TypeError(`Unknown PNG filter ${filter}`);
      lines[row * stride + column] = value + predicted;
    }
  }
  return lines;
}

function paeth(left: number, up: number, corner: number): number {
  const estimate = left + up - corner;
  const [a, b, c] = [Math.abs(estimate - left), Math.abs(estimate - up), Math.abs(estimate - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

/** Writes a PNG with a palette: its 256 most frequent colors, and for every other color the nearest of them. */
export function writePalettePng({ width, height, pixels }: Picture): Buffer {
  const colorAt = (index: number) =>
    ((pixels[index * 3] as number) << 16) |
    ((pixels[index * 3 + 1] as number) << 8) |
    (pixels[index * 3 + 2] as number);
  const counts = new Map<number, number>();
  for (let index = 0; index < width * height; index += 1) {
    const color = colorAt(index);
    counts.set(color, (counts.get(color) ?? 0) + 1);
  }
  const palette = [...counts]
    .sort(([, one], [, other]) => other - one)
    .slice(0, mostColors)
    .map(([color]) => color);
  const places = new Map([...counts.keys()].map((color) => [color, nearest(color, palette)]));
  const lines = Buffer.alloc((width + 1) * height);
  for (let row = 0; row < height; row += 1)
    for (let column = 0; column < width; column += 1)
      lines[row * (width + 1) + 1 + column] = places.get(colorAt(row * width + column)) as number;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 3, 0, 0, 0], 8);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('PLTE', Buffer.from(palette.flatMap((color) => [color >> 16, (color >> 8) & 255, color & 255]))),
    chunk('IDAT', deflateSync(lines, { level: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function nearest(color: number, palette: readonly number[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [place, other] of palette.entries()) {
    const distance =
      ((color >> 16) - (other >> 16)) ** 2 +
      (((color >> 8) & 255) - ((other >> 8) & 255)) ** 2 +
      ((color & 255) - (other & 255)) ** 2;
    if (distance >= least) continue;
    [best, least] = [place, distance];
    if (distance === 0) break;
  }
  return best;
}

function chunk(type: string, content: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), content]);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** Puts pictures of the same height side by side, with margins. */
export function sideBySide(pictures: readonly Picture[], { margin, gray }: { margin: number; gray: number }): Picture {
  const height = Math.max(...pictures.map((picture) => picture.height)) + 2 * margin;
  const width = pictures.reduce((sum, picture) => sum + picture.width + margin, margin);
  const pixels = new Uint8Array(width * height * 3).fill(gray);
  let left = margin;
  for (const picture of pictures) {
    for (let row = 0; row < picture.height; row += 1) {
      const line = picture.pixels.subarray(row * picture.width * 3, (row + 1) * picture.width * 3);
      pixels.set(line, ((row + margin) * width + left) * 3);
    }
    left += picture.width + margin;
  }
  return { width, height, pixels };
}
