/** Assembles bytes in one growing, reusable buffer, for pages where joining strings would be too slow. */
export interface ByteWriter {
  bytes(bytes: Uint8Array): void;
  text(text: string): void;
  /** An integer, zero-padded to `count` digits. */
  digits(value: number, count: number): void;
  /** Returns a copy of the bytes written so far and resets the writer. */
  take(): Buffer;
}

const zero = 0x30;

export function createByteWriter(): ByteWriter {
  let buffer = Buffer.alloc(1 << 16);
  let end = 0;

  function reserve(count: number): void {
    if (end + count > buffer.length) {
      const larger = Buffer.alloc(Math.max(buffer.length * 2, end + count));
      larger.set(buffer.subarray(0, end));
      buffer = larger;
    }
  }

  return {
    bytes(bytes) {
      reserve(bytes.length);
      // Pieces are about thirty bytes long; at that size a loop is faster than a copy call.
      const into = buffer;
      const from = end;
      const { length } = bytes;
      for (let i = 0; i < length; i++) {
        into[from + i] = bytes[i] as number;
      }
      end = from + length;
    },
    text(text) {
      reserve(text.length * 3);
      end += buffer.write(text, end);
    },
    digits(value, count) {
      reserve(count);
      const into = buffer;
      let rest = value;
      for (let i = end + count - 1; i >= end; i--) {
        const tenth = Math.floor(rest / 10);
        into[i] = zero + (rest - tenth * 10);
        rest = tenth;
      }
      end += count;
    },
    take() {
      const taken = Buffer.from(buffer.subarray(0, end));
      end = 0;
      return taken;
    },
  };
}
