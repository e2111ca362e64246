import { readdirSync } from 'node:fs';
import type { Knex } from 'knex';

/** One step of the schema. Names have no file extension, so source and compiled code share one history. */
export interface Migration {
  name: string;
  up(knex: Knex): Promise<void>;
  down(knex: Knex): Promise<void>;
}

const folder = new URL('./', import.meta.url);

/**
 * The name of every migration, oldest first: the files in this folder whose names start with a number. Never edit a released
 * migration or a file that it imports; add a new migration instead.
 */
export const migrationNames: readonly string[] = readdirSync(folder)
  .filter((file) => /^\d{4}-[\w-]+\.js$/.test(file))
  .sort()
  .map((file) => file.slice(0, -'.js'.length));

/**
 * Loads a migration when it is to be applied: most commands only compare names.
 *
 * @throws {TypeError} naming the file, if it doesn't export both steps
 */
export async function loadMigration(name: string): Promise<Migration> {
  const { up, down }: Partial<Migration> = await import(new URL(`${name}.js`, folder).href);
  if (up === undefined || down === undefined) throw new TypeError(`migrations/${name}.ts must export up and down.`);
  return { name, up, down };
}

/** The last migration of the initial schema: once it is applied, all its tables exist. */
export const baseline = '0006-runs';
