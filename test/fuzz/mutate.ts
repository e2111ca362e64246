/** Bytes that parsers treat in a special way. */
const special = [0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x26, 0x27, 0x2c, 0x2d, 0x3b, 0x3c, 0x3e, 0x7f, 0x80, 0xc3, 0xff];
const maxBytes = 4096;

/** Where mutations come from. */
export interface MutationSources {
  /** Pseudo-random numbers below a bound. */
  random: (bound: number) => number;
  corpus: readonly Buffer[];
  /** Words that the format gives a meaning. */
  dictionary: readonly string[];
}

/** Changes an input in a few random places, in ways that have broken parsers before. */
export function mutate(input: Buffer, sources: MutationSources): Buffer {
  let changed = input;
  for (let left = 1 + sources.random(4); left > 0; left -= 1) changed = mutateOnce(changed, sources);
  return changed.subarray(0, maxBytes);
}

function mutateOnce(input: Buffer, { random, corpus, dictionary }: MutationSources): Buffer {
  const start = random(input.length + 1);
  const end = Math.min(input.length, start + random(random(4) === 0 ? 64 : 8));
  const [before, span, after] = [input.subarray(0, start), input.subarray(start, end), input.subarray(end)];
  const word = () => Buffer.from(dictionary[random(dictionary.length)] as string);
  switch (random(8)) {
    case 0:
      return Buffer.concat([before, after]);
    case 1:
      return Buffer.concat([before, span, span, after]);
    case 2:
      return Buffer.concat([before, word(), span, after]);
    case 3:
      return Buffer.concat([before, word(), after]);
    case 4: {
      const flipped = Buffer.from(span);
      for (const index of flipped.keys()) flipped[index] = (flipped[index] as number) ^ (1 << random(8));
      return Buffer.concat([before, flipped, after]);
    }
    case 5:
      return Buffer.concat([before, Buffer.of(special[random(special.length)] as number), span, after]);
    case 6: {
      const other = corpus[random(corpus.length)] as Buffer;
      const from = random(other.length + 1);
      return Buffer.concat([before, other.subarray(from, from + random(other.length - from + 1)), after]);
    }
    default:
      return Buffer.concat([
        before,
        Buffer.from(
          span.toString('latin1').replace(/\d/g, () => String(random(10))),
          'latin1',
        ),
        after,
      ]);
  }
}
