import { SaxesParser } from 'saxes';
import { messageOf } from '../errors.js';
import { readPart, WorkbookProblem, type ZipPart } from './zip-parts.js';

export interface XmlHandlers {
  /** Names are without their prefix. */
  open(name: string, attributes: Readonly<Record<string, string>>): void;
  close?(name: string): void;
  text?(text: string): void;
}

/** No cell is longer: Excel's limit is 32,767 characters. */
const maxQuietBytes = 1024 * 1024;

/**
 * Parses a part of a workbook, and calls the handlers as its bytes are uncompressed. Yields after each chunk, so that the caller
 * can pass on what the handlers collected.
 *
 * @throws {WorkbookProblem} it isn't well-formed XML, or has a text longer than 1 MiB
 */
export async function* parsePart(part: ZipPart, handlers: XmlHandlers, limit?: number): AsyncGenerator<void, void> {
  const parser = new SaxesParser({ xmlns: false, position: false });
  let quiet = 0;
  const local = (name: string) => name.slice(name.indexOf(':') + 1);
  parser.on('opentag', ({ name, attributes }) => {
    quiet = 0;
    handlers.open(local(name), attributes);
  });
  parser.on('closetag', ({ name }) => {
    quiet = 0;
    handlers.close?.(local(name));
  });
  // Only text that is wanted is passed on, and saxes is faster without the handler.
  const { text } = handlers;
  if (text !== undefined) {
    parser.on('text', text);
    parser.on('cdata', text);
  }
  parser.on('attribute', ({ value }) => {
    if (value.length > maxQuietBytes) throw tooLong(part);
  });
  parser.on('error', (error) => {
    throw new WorkbookProblem(`is damaged: ${part.name} isn't well-formed XML (${messageOf(error)})`, { cause: error });
  });
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  for await (const chunk of readPart(part, limit)) {
    decoder ??= new TextDecoder(encodingOf(chunk));
    quiet += chunk.length;
    if (quiet > maxQuietBytes) throw tooLong(part);
    parser.write(decoder.decode(chunk, { stream: true }));
    yield;
  }
  parser.write(decoder?.decode() ?? '').close();
  yield;
}

/** Parses a part that is small in any workbook of numbers. */
export async function parseWhole(part: ZipPart, handlers: XmlHandlers): Promise<void> {
  for await (const _ of parsePart(part, handlers, maxSmallPartBytes));
}

const maxSmallPartBytes = 64 * 1024 * 1024;

/** XML is in UTF-8 unless it begins with the byte order mark of UTF-16. */
function encodingOf(begin: Buffer): string {
  if (begin[0] === 0xff && begin[1] === 0xfe) return 'utf-16le';
  if (begin[0] === 0xfe && begin[1] === 0xff) return 'utf-16be';
  return 'utf-8';
}

function tooLong(part: ZipPart): WorkbookProblem {
  return new WorkbookProblem(`has a cell longer than 1 MiB in ${part.name}: it isn't a list of numbers`);
}
