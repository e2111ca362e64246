import pg from 'pg';
import type { TestServer } from '../../support/postgres.js';
import type { Ledger } from './ledger.js';

/**
 * Makes `now()` of the ledger's database, which dates runs, run ahead of real time; `clock_timestamp()` only on request. Returns a
 * function that moves it, in milliseconds.
 */
export async function movableDatabaseClock(
  server: TestServer,
  ledger: Pick<Ledger, 'env' | 'query'>,
  { withClockTimestamp = false }: { withClockTimestamp?: boolean } = {},
): Promise<(ms: number) => Promise<void>> {
  const url = new URL(server.url);
  url.pathname = new URL(ledger.env.DATABASE_URL as string).pathname;
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await client.query(`
      set allow_system_table_mods = on;
      -- A sequence, because a row that is updated thousands of times while a transaction is open leaves as many behind.
      create sequence public.database_clock minvalue ${Number.MIN_SAFE_INTEGER} start 0;
      grant select, update on public.database_clock to public;
      create function public.database_clock_ahead() returns interval language plpgsql stable as
        'begin return (select last_value * interval ''1 millisecond'' from public.database_clock); end';
      -- The server calls what it was built with by number, whatever the catalogue says: only what the planner puts in its
      -- place is another function.
      create or replace function pg_catalog.now() returns timestamptz language sql stable as
        'select transaction_timestamp() + public.database_clock_ahead()';
    `);
    if (withClockTimestamp) {
      await client.query(`
        create function public.real_clock_timestamp() returns timestamptz language internal volatile as 'clock_timestamp';
        create or replace function pg_catalog.clock_timestamp() returns timestamptz language sql volatile as
          'select public.real_clock_timestamp() + public.database_clock_ahead()';
      `);
    }
  } finally {
    await client.end();
  }
  let ahead = 0;
  return async (ms) => {
    ahead += ms;
    await ledger.query(`select setval('public.database_clock', $1)`, [ahead]);
  };
}
