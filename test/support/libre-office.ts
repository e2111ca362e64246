import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { promisify } from 'node:util';

/** The program of LibreOffice; undefined if it isn't installed. */
export const office = [
  '/usr/bin/soffice',
  '/usr/local/bin/soffice',
  '/Applications/LibreOffice.app/Contents/MacOS/soffice',
].find(existsSync);

/**
 * Converts a file with LibreOffice and returns the path of the result, which is in a folder below the given one. LibreOffice sometimes ends
 * with status 0 and no file at its first start on a new machine, so it has three attempts, each with a new profile.
 *
 * @param format as for its option `--convert-to`
 */
export async function convert(folder: string, file: string, format: string): Promise<string> {
  const outputs: string[] = [];
  for (let attempt = 1; attempt <= 3; attempt += 1) {
    const to = join(folder, `converted-${attempt}`);
    const { stdout, stderr } = await promisify(execFile)(
      office as string,
      [
        ...['--headless', `-env:UserInstallation=file://${folder}/office-${attempt}`],
        ...['--convert-to', format, '--outdir', to, join(folder, file)],
      ],
      { env: { ...process.env, HOME: folder } },
    );
    const converted = join(to, `${basename(file, extname(file))}.${format.split(':')[0]}`);
    if (existsSync(converted)) return converted;
    outputs.push(stdout, stderr);
  }
  throw new Error(`LibreOffice converted nothing in three attempts. It printed:\n${outputs.join('\n')}`);
}
