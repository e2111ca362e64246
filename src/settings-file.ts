import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { z } from 'zod';
import { messageOf } from './errors.js';
import { nearestName } from './nearest.js';

/** Where an entry is: keys, and indexes of lists. */
export type EntryPath = readonly (string | number)[];

/** A settings file in YAML or JSON. Every value is text: an account ID may start with zeros. */
export interface SettingsFile {
  content: unknown;
  /** The problem of an entry, with the file and line. */
  problemAt(path: EntryPath, message: string): string;
  /**
   * The validated value; undefined if it is wrong, and the problems are added to the list.
   *
   * @param prefix where the value is
   * @param knownKeys the keys that an entry may have, for suggestions
   */
  collect<T>(
    result: z.ZodSafeParseResult<T>,
    prefix: EntryPath,
    knownKeys: (path: EntryPath) => readonly string[],
  ): T | undefined;
}

/** Loaded when it is needed: every command reads the configuration, and few have such a file. */
const loadYaml = () => createRequire(import.meta.url)('yaml') as typeof import('yaml');

/**
 * Reads a settings file. Every problem names the file and the line of its entry, and none quotes a value that may be a secret.
 *
 * @param name as the user wrote it, for messages
 * @param setting the variable that names the file
 * @returns undefined if the file can't be read or isn't YAML or JSON
 */
export function readSettingsFile(
  { path, name, setting }: { path: string; name: string; setting: string },
  problems: string[],
): SettingsFile | undefined {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch (error) {
    problems.push(`${setting} names a file that cannot be read (${messageOf(error)})`);
    return undefined;
  }
  const before = problems.length;
  const { LineCounter, parseDocument } = loadYaml();
  const lineCounter = new LineCounter();
  const document = parseDocument(source, {
    schema: 'failsafe',
    lineCounter,
    prettyErrors: false,
    // A key that is a list would be printed as a warning of the library; it is refused below, as an unknown key.
    logLevel: 'error',
  });
  for (const error of document.errors) {
    problems.push(`${name}:${lineCounter.linePos(error.pos[0]).line}: is not valid YAML or JSON (${error.code})`);
  }
  if (problems.length > before) return undefined;

  let content: unknown;
  try {
    content = document.toJS() ?? undefined;
  } catch (error) {
    // An alias without an anchor, or too many aliases.
    problems.push(`${name}: is not valid YAML or JSON (${messageOf(error)})`);
    return undefined;
  }

  const lineOf = (entry: EntryPath): number => {
    for (let length = entry.length; length >= 0; length -= 1) {
      const node = document.getIn(entry.slice(0, length), true) as { range?: [number, ...number[]] } | undefined;
      if (node?.range != null) return lineCounter.linePos(node.range[0]).line;
    }
    return 1;
  };
  const problemAt: SettingsFile['problemAt'] = (entry, message) =>
    `${name}:${lineOf(entry)}: ${entry.length === 0 ? 'the file' : printPath(entry)} ${message}`;
  return {
    content,
    problemAt,
    collect(result, prefix, knownKeys) {
      if (result.success) return result.data;
      for (const issue of result.error.issues) {
        const entry = [...prefix, ...(issue.path as (string | number)[])];
        if (issue.code !== 'unrecognized_keys') problems.push(problemAt(entry, issue.message));
        else for (const key of issue.keys) problems.push(problemAt([...entry, key], unknownKey(key, knownKeys(entry))));
      }
      return undefined;
    },
  };
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestName(known, key);
  if (nearest !== undefined) return `is not a setting; did you mean ${nearest}?`;
  return `is not a setting${known.length === 0 ? '' : ` (known: ${known.join(', ')})`}`;
}

/** `accounts[1].requests_per_minute`; entries are counted from 1. */
export function printPath(entry: EntryPath): string {
  return entry
    .map((part, index) => (typeof part === 'number' ? `[${part + 1}]` : `${index === 0 ? '' : '.'}${part}`))
    .join('');
}

/** An error for zod: `is missing`, or the message if there is a value. */
export const missingOr = (message: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? 'is missing' : message;
