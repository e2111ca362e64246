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
 * Every migration, oldest first: the files in this folder whose names start with a number. Never edit a released
 * migration or a file that it imports; add a new migration instead.
 */
export const migrations: readonly Migration[] = await Promise.all(
  readdirSync(folder)
    .filter((file) => /^\d{4}-[\w-]+\.js$/.test(file))
    .sort()
    .map(async (file) => {
      const { up, down }: Partial<Migration> = await import(new URL(file, folder).href);
      if (up === undefined || down === undefined) throw new TypeError(`migrations/${file} must export up and down.`);
      return { name: file.slice(0, -'.js'.length), up, down };
    }),
);

/** The last migration of the initial schema: once it is applied, all its tables exist. */
export const baseline = '0006-runs';
