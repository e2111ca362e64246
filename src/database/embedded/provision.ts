import pg from 'pg';
import { disableTimeouts } from '../time-limits.js';
import { type Connection, endpoint } from './connection.js';

/**
 * Creates the role `tn_ledger` and its database on a new server. The role isn't a superuser, so its password can't be
 * used to read files or run programs on the machine. It may create roles, because it creates the reader roles.
 */
export async function provision({ port, password, superuserPassword }: Connection): Promise<void> {
  const { host, user, database, superuser } = endpoint;
  const client = new pg.Client({ host, port, user: superuser, password: superuserPassword, database: 'postgres' });
  client.on('error', () => undefined); // emitted in addition to the rejected query
  try {
    await client.connect();
    await client.query(disableTimeouts);
    const roles = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [user]);
    if (roles.rowCount === 0) {
      await client.query(`CREATE ROLE ${user} LOGIN CREATEROLE PASSWORD ${client.escapeLiteral(password)}`);
    }
    const databases = await client.query('SELECT FROM pg_database WHERE datname = $1', [database]);
    if (databases.rowCount === 0) {
      await client.query(`CREATE DATABASE ${database} OWNER ${user}`);
    }
  } finally {
    await client.end();
  }
}
