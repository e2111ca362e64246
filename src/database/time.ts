import type { Database } from './connect.js';

/** The current time by the database's clock. */
export async function databaseTime({ pool }: Pick<Database, 'pool'>): Promise<Date> {
  const { rows } = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  return (rows[0] as { now: Date }).now;
}
