import pg from 'pg';
import type { TestServer } from '../../support/postgres.js';
import type { Ledger } from './ledger.js';

/**
 * Makes `now()` of the ledger's database, which dates runs, run ahead of real time; `clock_timestamp()` stays. Returns a function
 * that moves it, in milliseconds.
 */
export async function movableDatabaseClock(
  server: TestServer,
  ledger: Pick<Ledger, 'env' | 'query'>,
): Promise<(ms: number) => Promise<void>> {
  const url = new URL(server.url);
  url.pathname = new URL(ledger.env.DATABASE_URL as string).pathname;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`
      set allow_system_table_mods = on;
      create table public.database_clock (ahead interval not null);
      insert into public.database_clock values ('0');
      grant select, update on public.database_clock to public;
      create function public.database_clock_ahead() returns interval language plpgsql stable as
        'begin return (select ahead from public.database_clock); end';
      -- The server calls what it was built with by number, whatever the catalogue says: only what the planner puts in its
      -- place is another function.
      create or replace function pg_catalog.now() returns timestamptz language sql stable as
        'select transaction_timestamp() + public.database_clock_ahead()';
    `);
  } finally {
    await client.end();
  }
  return async (ms) => {
    await ledger.query(`update public.database_clock set ahead = ahead + $1 * interval '1 millisecond'`, [ms]);
  };
}
