/** The command line as a user has it: a process of its own, an environment built from scratch, a working folder of its own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import pg from 'pg';
import type { Sandbox } from '../../src/sandbox/server.js';
import { installProgramInto, type Program } from '../database/support/installation.js';
import { makeLedgerDatabase } from '../support/ledger-database.js';
import { removeDataFolder, type TestServer, testPassword, withFreshDatabase } from '../support/postgres.js';
import { publicTempFolder } from '../support/temp-folder.js';

export const mainScript = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export type Env = Readonly<Record<string, string>>;

export interface CliOptions {
  env?: Env;
  /** An empty folder of its own unless told. */
  cwd?: string;
  stdin?: string;
  /** Arguments for Node.js itself. */
  nodeArguments?: readonly string[];
  /** Values that must not be in what it prints, beside those of `secrets`. */
  alsoSecret?: readonly string[];
  /** It is meant to print the credentials of the sandbox. */
  printsSecrets?: boolean;
  /** Another user to run as; the program is then one that every user can read. */
  account?: { uid: number; gid: number };
}

export interface CliResult {
  status: number | null;
  stdout: string;
  stderr: string;
  /** What a user sees, both streams. */
  output: string;
}

export interface RunningCli {
  child: ChildProcess;
  result: Promise<CliResult>;
}

/** Values in the settings of `settingsOf` that nothing may ever print. */
const secrets = ['sandbox-client-secret', 'sandbox-password', testPassword];

/** Starts a command. Whatever it does, it must print no secret and no stack trace: that is asserted when it has ended. */
export function startCli(
  t: ExecutionContext,
  args: readonly string[],
  options: CliOptions & { cwd: string; program?: Program },
): RunningCli {
  const { env = {}, cwd, stdin, nodeArguments = [], alsoSecret = [], printsSecrets = false, account } = options;
  const { program = { node: process.execPath, script: mainScript } } = options;
  const child = spawn(program.node, [...nodeArguments, program.script, ...args], {
    ...account,
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  const chunks: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => chunks[name].push(chunk));
  }
  t.teardown(() => child.kill('SIGKILL'));
  const result = once(child, 'close').then(([status]) => {
    const [stdout, stderr] = [chunks.stdout.join(''), chunks.stderr.join('')];
    const output = stdout + stderr;
    for (const secret of printsSecrets ? [] : [...secrets, ...alsoSecret])
      t.false(output.includes(secret), `${secret} in: ${output}`);
    t.notRegex(output, /^\s+at .+:\d+:\d+\)?$/m);
    return { status, stdout, stderr, output };
  });
  return { child, result };
}

/** What is on standard error beside the lines of progress, which come where work takes seconds: on a slow machine anywhere. */
export function withoutProgress(stderr: string): string {
  return stderr.replace(/^\S+ \d+: .*(?:\/s|so far|left|, [\d.]+ s)\n/gm, '');
}

/** Runs a command to its end. */
export async function cli(t: ExecutionContext, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cwd = options.cwd ?? (await makeFolder(t));
  const program = options.account === undefined ? {} : { program: await programForEveryone() };
  return startCli(t, args, { ...options, cwd, ...program }).result;
}

let forEveryone: Promise<Program> | undefined;

/** The program where every user can read it: this checkout may lie below a folder that only its owner may enter. */
function programForEveryone(): Promise<Program> {
  const install = async () => {
    const folder = await mkdtemp(join(publicTempFolder(), 'tn-ledger-program-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return installProgramInto(folder);
  };
  forEveryone ??= install();
  return forEveryone;
}

/** A folder for one test, which every account may enter: as root, the embedded server runs under another. */
export async function makeFolder(t: ExecutionContext): Promise<string> {
  const parent = process.getuid?.() === 0 ? '/tmp' : await realpath(tmpdir());
  const folder = await mkdtemp(join(parent, 'tn-ledger-cli-'));
  await chmod(folder, 0o755);
  t.teardown(async () => {
    await removeDataFolder(join(folder, 'data'));
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}

export interface LedgerDatabase {
  url: string;
  superuserUrl: string;
  name: string;
  query<T extends pg.QueryResultRow = pg.QueryResultRow>(sql: string): Promise<T[]>;
  querySuperuser<T extends pg.QueryResultRow = pg.QueryResultRow>(sql: string): Promise<T[]>;
}

/** A database with an empty ledger, for one test. */
export function makeDatabase(t: ExecutionContext, server: TestServer): Promise<LedgerDatabase> {
  return ofTest(t, makeLedgerDatabase(server));
}

/** A database in which nothing was ever made, for one test. */
export function makeEmptyDatabase(t: ExecutionContext, server: TestServer): Promise<LedgerDatabase> {
  return ofTest(t, withFreshDatabase(server));
}

async function ofTest(t: ExecutionContext, made: ReturnType<typeof withFreshDatabase>): Promise<LedgerDatabase> {
  const database = await made;
  t.teardown(database.drop);
  return {
    ...database,
    query: (sql) => query(database.url, sql),
    querySuperuser: (sql) => query(database.superuserUrl, sql),
  };
}

export async function query<T extends pg.QueryResultRow>(url: string, sql: string): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<T>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** Settings for a sandbox, or something in front of it, and a database. */
export function settingsOf(sandbox: Sandbox, databaseUrl: string, origin = new URL(sandbox.url).origin): Env {
  return {
    BANDWIDTH_ACCOUNT_ID: sandbox.accountIds.join(','),
    BANDWIDTH_CLIENT_ID: sandbox.clientId,
    BANDWIDTH_CLIENT_SECRET: sandbox.clientSecret,
    BANDWIDTH_API_URL: `${origin}/api`,
    BANDWIDTH_TOKEN_URL: `${origin}/api/v1/oauth2/token`,
    BANDWIDTH_REQUESTS_PER_MINUTE: '100000',
    DATABASE_URL: databaseUrl,
  };
}

export interface CannedAnswer {
  status?: number;
  headers?: Record<string, string>;
  body?: string;
}

/** Answers a request itself, or leaves it (undefined) to the API; may keep it waiting. */
export type Intercept = (request: IncomingMessage) => CannedAnswer | undefined | Promise<CannedAnswer | undefined>;

/** A server in front of a sandbox; answers with its origin. `headers` replace those of the sandbox's answers. */
export async function startProxy(
  t: ExecutionContext,
  sandbox: Sandbox,
  intercept: Intercept,
  headers: Record<string, string> = {},
): Promise<string> {
  const origin = new URL(sandbox.url);
  return startServer(t, async (request, response) => {
    const answer = await intercept(request);
    if (answer !== undefined) {
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/xml', ...answer.headers });
      response.end(answer.body);
      return;
    }
    const forwarded = httpRequest(
      { host: origin.hostname, port: origin.port, method: request.method, path: request.url, headers: request.headers },
      (reply) => {
        response.writeHead(reply.statusCode ?? 502, { ...reply.headers, ...headers });
        reply.pipe(response);
      },
    );
    forwarded.on('error', () => response.destroy());
    response.on('close', () => forwarded.destroy());
    request.pipe(forwarded);
  });
}

/** A plain web server; answers with its origin. */
export async function startServer(
  t: ExecutionContext,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** What the ledger holds, as one line a number, and what the sandbox holds, in the same form. */
export async function ledgerLines(database: LedgerDatabase): Promise<string[]> {
  const rows = await database.query(
    `select telephone_number, status, rate_center, vendor_id, tier from tn_ledger.telephone_numbers
      where removed_at is null order by telephone_number collate "C"`,
  );
  return rows.map((row) => Object.values(row).join('|'));
}

export function sandboxLines(sandbox: Sandbox, accountId: string): string[] {
  const lines: string[] = [];
  for (const { telephoneNumber, status, rateCenter, vendorId, tier } of sandbox.account(accountId).numbers()) {
    lines.push([telephoneNumber, status, rateCenter, vendorId, tier].join('|'));
  }
  return lines.sort();
}

/** Requests for pages of lists and totals, without those for tokens. */
export function listRequests(sandbox: Sandbox): string[] {
  return sandbox.requests
    .filter(({ path }) => !path.endsWith('/token'))
    .map(({ path, query: { page = '-' } }) => `${path.replace(/^\/api\/(accounts\/)?/, '')} ${page}`);
}

/** Waits until something is so; the test's own time limit ends it if it never is. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
