import { createHash } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LedgerError, UsageError } from '../errors.js';
import { version } from '../version.js';

// A backup is a folder; docs/backup.md documents its files.

/** The version of the format. A change that earlier versions of tn-ledger would misread needs a new one. */
export const formatVersion = 1;

const manifestFile = 'manifest.json';
/** In the format of sha256sum; written last. */
const checksumsFile = 'SHA256SUMS';

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
// PostgreSQL's limit is 63 bytes.
const name = z.string().min(1).max(63);

const tableSchema = z.object({
  name,
  columns: z.array(name).min(1),
  rows: count,
  bytes: count,
  sha256,
});

const manifestSchema = z.object({
  format: z.literal(formatVersion),
  program: z.string(),
  created_at: z.iso.datetime(),
  server_version: count,
  database: z.string(),
  ledger_id: z.uuid().nullable(),
  migrations: z.array(z.string()).min(1),
  functions_sha256: sha256.nullable(),
  records_tables: z.array(
    z.object({
      type: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
      // Part of a statement: the form of PostgreSQL's names of types.
      columns: z.array(
        z.object({
          name,
          type: z.string().regex(/^[a-z][a-z ]*(\(\d+(,\d+)?\))?(\[\])?$/),
          comment: z.string().nullable(),
        }),
      ),
      months: z.array(z.string().regex(/^\d{4}-(0[1-9]|1[0-2])-01$/)),
    }),
  ),
  tables: z.array(tableSchema),
  sequences: z.array(z.object({ name, value: z.string().regex(/^-?\d+$/) })),
});

/** The content of manifest.json; docs/backup.md documents its fields. */
export type Manifest = z.infer<typeof manifestSchema>;

/** A table of a backup: its columns in the order of its file, and its file's size and SHA-256. */
export type BackedUpTable = z.infer<typeof tableSchema>;

/** The path of a table's file. Names of tables that users create may have characters that file names can't. */
export function tableFile(folder: string, table: string): string {
  return join(folder, tableFileName(table));
}

export function tableFileName(table: string): string {
  return `${encodeURIComponent(table)}.copy.gz`;
}

/** The last files of a backup, in the order of writing: content by name. */
export function lastFiles(manifest: Manifest): [name: string, content: string][] {
  const text = `${JSON.stringify(manifest, undefined, 2)}\n`;
  const sums = manifest.tables.map((table) => [table.sha256, tableFileName(table.name)]);
  const lines = [...sums, [sha256Of(text), manifestFile]].map(([sum, file]) => `${sum}  ${file}\n`);
  return [
    [manifestFile, text],
    [checksumsFile, lines.join('')],
  ];
}

/**
 * Reads a backup's manifest, and checks that it is unchanged and that the files of all tables have their sizes. Their
 * content is left to `verifyTables`.
 *
 * @param outcome what was not done, as a sentence: `Nothing was restored.`
 * @throws {UsageError} the folder isn't a backup, or a later version made it
 * @throws {LedgerError} the backup is incomplete, truncated or altered
 */
export async function readManifest(folder: string, outcome: string): Promise<Manifest> {
  const text = await readFile(join(folder, manifestFile), 'utf8').catch(unlessMissing);
  const sums = await readFile(join(folder, checksumsFile), 'utf8').catch(unlessMissing);
  if (text === undefined && sums === undefined) {
    throw new UsageError(`${folder} isn't a backup: it has no ${manifestFile}. ${outcome}`, {
      hint: 'Name the folder that tn-ledger backup wrote.',
    });
  }
  const damaged = (what: string) => damagedBackup(folder, what, outcome);
  if (text === undefined) throw damaged(`${manifestFile} is missing`);
  if (sums === undefined) throw damaged(`${checksumsFile} is missing`);
  if (!sums.includes(`${sha256Of(text)}  ${manifestFile}\n`)) {
    throw damaged(`${manifestFile} is not the one that ${checksumsFile} describes`);
  }
  const manifest = parseManifest(text, folder, outcome);
  for (const { name: table, bytes } of manifest.tables) {
    const size = (await stat(tableFile(folder, table)).catch(unlessMissing))?.size;
    if (size === undefined) throw damaged(`${tableFileName(table)} is missing`);
    if (size !== bytes) throw damaged(`${tableFileName(table)} has ${size} bytes, not ${bytes}`);
  }
  return manifest;
}

function parseManifest(text: string, folder: string, outcome: string): Manifest {
  const content: unknown = JSON.parse(text);
  const { format, program } = content as Partial<Manifest>;
  if (format !== formatVersion) {
    throw new UsageError(
      `The backup ${folder} has format ${format} and was made by ${program}; this is tn-ledger ${version}, which reads format ${formatVersion}. ${outcome}`,
      { hint: 'Restore it with the version that made it, or a later one.' },
    );
  }
  const parsed = manifestSchema.safeParse(content);
  if (parsed.success) return parsed.data;
  throw damagedBackup(folder, `${manifestFile} has unexpected content (${z.prettifyError(parsed.error)})`, outcome);
}

/** @param what a clause: `orders.copy.gz is missing` */
export function damagedBackup(folder: string, what: string, outcome: string): LedgerError {
  return new LedgerError(`The backup ${folder} is incomplete or was changed: ${what}. ${outcome}`, {
    hint: 'Use another backup, or copy this one again from where it was made.',
  });
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

export function unlessMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
}
