import { createRequire } from 'node:module';
import knex, { type Knex } from 'knex';

// Bandwidth's own client has no type declarations; these cover what the rivals use.
type Done<Result> = (error: Error | null, result: Result) => void;
type List<Page> = (client: Client, query: Record<string, string | number>, done: Done<Page>) => void;
type Value = string | number | Date | undefined;

export interface Client {
  concatAccountPath(path: string): string;
  makeRequest<Result>(method: 'get', path: string, query: object, id: undefined, done: Done<Result>): void;
  makeRequest<Result>(method: 'post', path: string, data: object, done: Done<Result>): void;
}

interface Links {
  links: { next?: string };
}
export interface ListedOrder {
  orderId: string;
  [name: string]: Value;
}
export interface OrderDetails {
  completedNumbers?: { telephoneNumber: { fullNumber: string } | { fullNumber: string }[] };
}

interface Sdk {
  Client: new (
    accountId: string,
    userName: undefined,
    password: undefined,
    clientId: undefined,
    clientSecret: undefined,
    options: { apiEndPoint: string; tempAccessToken: string },
  ) => Client;
  InServiceNumber: { list: List<Links & { telephoneNumbers: { telephoneNumber: string[] } }> };
  Tn: { list: List<Links & { telephoneNumbers: { telephoneNumber: Record<string, Value>[] } }> };
  Order: {
    list: List<{ listOrderIdUserIdDate: Links & { orderIdUserIdDate: ListedOrder | ListedOrder[] } }>;
    get(client: Client, id: string, done: Done<OrderDetails>): void;
  };
}

export const sdk = createRequire(import.meta.url)('@bandwidth/numbers') as Sdk;

export const accountId = variable('BANDWIDTH_ACCOUNT_ID');

/** The client as its README shows it, with a token: it would request one of Bandwidth's own servers. */
export function openClient(): Client {
  const options = { apiEndPoint: variable('BANDWIDTH_API_URL'), tempAccessToken: variable('BENCH_TOKEN') };
  return new sdk.Client(accountId, undefined, undefined, undefined, undefined, options);
}

/** The response to a request; errors of single numbers come with an order, and are not errors here. */
export function call<Result>(request: (done: Done<Result>) => void): Promise<Result> {
  return new Promise((resolve, reject) => {
    request((error, result) => (result === undefined ? reject(error) : resolve(result)));
  });
}

/** The cursor in the link to the next page. */
export function nextPage({ links }: Links): string | undefined {
  return /[?&]page=([^&>]+)/.exec(links.next ?? '')?.[1];
}

/** The database that the environment names. Billing records have times without a zone, in UTC. */
export function openKnex(): Knex {
  return knex({
    client: 'pg',
    connection: { connectionString: variable('DATABASE_URL'), options: '-c timezone=UTC' },
  });
}

/** Rows of one statement; PostgreSQL accepts 65,535 parameters. */
export const rowsPerInsert = 1000;

export function variable(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set.`);
  return value;
}

/** A date as the API may write it, also without a time, with an hour only or with dashes in its time, in UTC if it has no offset. */
export function toDate(value: Value): Date | undefined {
  if (value === undefined || value instanceof Date) return value;
  const [, day, hour = '00', minutes = '00', seconds = '00', offset = 'Z'] =
    /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d)(?:[:-](\d\d)[:-](\d\d(?:\.\d+)?))?(Z|[+-]\d\d:\d\d)?)?$/.exec(
      String(value).trim(),
    ) ?? [];
  if (day === undefined) throw new Error(`Not a date: ${value}`);
  return new Date(`${day}T${hour}:${minutes}:${seconds}${offset}`);
}
