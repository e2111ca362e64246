import { createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { readBegin } from '../../number-file/text-file.js';
import { UnusableFileError } from '../../number-file/unusable-file.js';
import { readPart, readParts, WorkbookProblem } from '../../number-file/zip-parts.js';
import { isZip } from '../../unpack.js';

/**
 * Unpacks a downloaded file if it is a ZIP archive, into a file next to it, and returns the path of the text.
 *
 * @throws {UnusableFileError} the archive is damaged, or doesn't hold exactly one file
 */
export async function unzip(path: string): Promise<string> {
  if (!isZip(await readBegin(path, undefined))) return path;
  const unpacked = `${path}.unzipped`;
  try {
    const parts = [...readParts(await readFile(path)).values()].filter(({ name }) => !name.startsWith('__MACOSX/'));
    const [part] = parts;
    if (part === undefined || parts.length > 1) {
      const isWorkbook = parts.some(({ name }) => name === '[Content_Types].xml');
      throw new WorkbookProblem(
        isWorkbook ? 'is an Office document, not CSV' : `is a ZIP archive of ${parts.length} files, not of one`,
      );
    }
    await pipeline(readPart(part), createWriteStream(unpacked, { mode: 0o600 }));
    return unpacked;
  } catch (error) {
    if (!(error instanceof WorkbookProblem)) throw error;
    throw new UnusableFileError(path, (file) => `${file} ${error.message}.`, { cause: error });
  }
}
