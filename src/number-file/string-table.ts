import { WorkbookProblem } from './zip-parts.js';

/** More text in the cells of a workbook isn't a list of numbers. */
const maxBytes = 512 * 1024 * 1024;

/**
 * The texts that the cells of a workbook share, in one buffer outside the heap: a million take about 20 MB, as an array of strings
 * several times that.
 */
export class StringTable {
  #bytes = Buffer.allocUnsafe(64 * 1024);
  #ends = new Uint32Array(4096);
  #count = 0;
  #length = 0;

  /** @throws {WorkbookProblem} there is too much text */
  add(text: string): void {
    const bytes = Buffer.byteLength(text);
    const end = this.#length + bytes;
    if (end > maxBytes) throw new WorkbookProblem('has more than 512 MiB of text in its cells');
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.min(maxBytes, Math.max(end, this.#bytes.length * 2)));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    if (this.#count === this.#ends.length) {
      const larger = new Uint32Array(this.#count * 2);
      larger.set(this.#ends);
      this.#ends = larger;
    }
    this.#bytes.write(text, this.#length);
    this.#ends[this.#count] = end;
    this.#length = end;
    this.#count += 1;
  }

  /** Returns the text with an index; undefined if there is none. */
  get(index: number): string | undefined {
    if (!Number.isInteger(index) || index < 0 || index >= this.#count) return undefined;
    return this.#bytes.toString('utf8', index === 0 ? 0 : this.#ends[index - 1], this.#ends[index]);
  }
}
