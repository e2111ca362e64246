/** Runs the command line as a user does: with a clean environment and its own working folder. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { chmod, mkdtemp, realpath, rm } from 'node:fs/promises';
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import PQueue from 'p-queue';
import pg from 'pg';
import { runProgram } from '../../src/cli/program.js';
import type { Sandbox } from '../../src/sandbox/server.js';
import { installProgramInto, type Program } from '../database/support/installation.js';
import { makeLedgerDatabase } from '../support/ledger-database.js';
import { removeDataFolder, type TestServer, testPassword, withFreshDatabase } from '../support/postgres.js';
import { publicTempFolder } from '../support/temp-folder.js';

export const mainScript = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

/**
 * Settings of every command unless a test has others: readable messages, no port that other tests need, and no assignment report,
 * whose requests would be among those of every nightly run.
 */
const usualSettings = { TN_LEDGER_LOG_FORMAT: 'pretty', TN_LEDGER_HTTP: '', TN_LEDGER_ASSIGNMENT_REPORT: 'off' };

export type Env = Readonly<Record<string, string>>;

export interface CliOptions {
  env?: Env;
  /** Defaults to a new empty folder. */
  cwd?: string;
  stdin?: string;
  /** Values that must not appear in the output, in addition to `secrets`. */
  alsoSecret?: readonly string[];
  /** The command is expected to print the sandbox credentials. */
  printsSecrets?: boolean;
}

export interface ProcessOptions extends CliOptions {
  /** Arguments for Node.js itself. */
  nodeArguments?: readonly string[];
  /** Runs as another user, with a copy of the program that every user can read. */
  account?: { uid: number; gid: number };
}

export interface CliResult {
  status: number | null;
  stdout: string;
  stderr: string;
  /** Both streams. */
  output: string;
}

export interface RunningCli {
  child: ChildProcess;
  result: Promise<CliResult>;
}

/** Values from `settingsOf` that must never be printed. */
const secrets = ['sandbox-client-secret', 'sandbox-password', testPassword];

/** Starts a command. When it exits, asserts that it printed no secret and no stack trace. */
export function startCli(
  t: ExecutionContext,
  args: readonly string[],
  options: ProcessOptions & { cwd: string; program?: Program },
): RunningCli {
  const { env = {}, cwd, stdin, nodeArguments = [], account } = options;
  const { program = { node: process.execPath, script: mainScript } } = options;
  const child = spawn(program.node, [...nodeArguments, program.script, ...args], {
    ...account,
    cwd,
    env: { PATH: process.env.PATH, HOME: cwd, ...usualSettings, ...env },
    stdio: [stdin === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  child.stdin?.end(stdin);
  const chunks: Record<'stdout' | 'stderr', string[]> = { stdout: [], stderr: [] };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => chunks[name].push(chunk));
  }
  t.teardown(() => child.kill('SIGKILL'));
  const result = once(child, 'close').then(([status]) =>
    checkResult(t, { status, stdout: chunks.stdout.join(''), stderr: chunks.stderr.join('') }, options),
  );
  return { child, result };
}

function checkResult(
  t: ExecutionContext,
  { status, stdout, stderr }: Omit<CliResult, 'output'>,
  { alsoSecret = [], printsSecrets = false }: CliOptions,
): CliResult {
  const output = stdout + stderr;
  for (const secret of printsSecrets ? [] : [...secrets, ...alsoSecret])
    t.false(output.includes(secret), `${secret} in: ${output}`);
  t.notRegex(output, /^\s+at .+:\d+:\d+\)?$/m);
  return { status, stdout, stderr, output };
}

/** Removes progress lines from standard error: on a slow machine they can appear anywhere. */
export function withoutProgress(stderr: string): string {
  return stderr.replace(/^\S+ \d+: .*(?:\/s|so far|left|, [\d.]+ s)\n/gm, '');
}

/** Runs a command in a process of its own and waits for its exit. */
export async function cliProcess(
  t: ExecutionContext,
  args: readonly string[],
  options: ProcessOptions = {},
): Promise<CliResult> {
  const cwd = options.cwd ?? (await makeFolder(t));
  const program = options.account === undefined ? {} : { program: await programForEveryone() };
  return startCli(t, args, { ...options, cwd, ...program }).result;
}

/** One at a time: a process has one environment, one working folder, one umask and one standard output. */
const inThisProcess = new PQueue({ concurrency: 1 });

/**
 * Runs a command and waits for its end: like `cliProcess`, but in this process, which has loaded the program already. Starting
 * another takes a second of processor time. Commands run one after the other: one that waits for another needs `cliProcess`.
 * Meanwhile, the command's umask and working folder apply to everything else in this process: tests use absolute paths, and set
 * the modes that matter to them.
 */
export async function cli(t: ExecutionContext, args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const cwd = options.cwd ?? (await makeFolder(t));
  return checkResult(t, await inThisProcess.add(() => runHere(args, { ...options, cwd })), options);
}

async function runHere(
  args: readonly string[],
  { env = {}, cwd, stdin = '' }: CliOptions & { cwd: string },
): Promise<Omit<CliResult, 'output'>> {
  const [stdout, stderr] = [new Capture(), new Capture()];
  const streams = { stdin: Readable.from([Buffer.from(stdin)]), stdout, stderr };
  const before = { env: process.env, cwd: process.cwd(), umask: process.umask(), exitCode: process.exitCode };
  const streamsBefore = Object.getOwnPropertyDescriptors(process);
  for (const [name, value] of Object.entries(streams)) {
    Object.defineProperty(process, name, { value, configurable: true, enumerable: true });
  }
  process.env = { PATH: process.env.PATH, HOME: cwd, ...usualSettings, ...env };
  process.chdir(cwd);
  process.exitCode = 0;
  try {
    await runProgram(args);
    return { status: Number(process.exitCode), stdout: stdout.text(), stderr: stderr.text() };
  } finally {
    process.exitCode = before.exitCode;
    process.umask(before.umask);
    process.chdir(before.cwd);
    process.env = before.env;
    for (const name of Object.keys(streams) as (keyof typeof streams)[]) {
      Object.defineProperty(process, name, streamsBefore[name]);
    }
  }
}

class Capture extends Writable {
  readonly #chunks: Buffer[] = [];

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.#chunks.push(chunk);
    done();
  }

  text(): string {
    return Buffer.concat(this.#chunks).toString('utf8');
  }
}

let forEveryone: Promise<Program> | undefined;

/** A copy of the program that every user can read, because this checkout may be in a private folder. */
function programForEveryone(): Promise<Program> {
  const install = async () => {
    const folder = await mkdtemp(join(publicTempFolder(), 'tn-ledger-program-'));
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    return installProgramInto(folder);
  };
  forEveryone ??= inThisProcess.add(install);
  return forEveryone;
}

/** A folder for one test that every user can enter: when run as root, the embedded server uses another account. */
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

/** Creates a database with an empty ledger for one test. */
export function makeDatabase(t: ExecutionContext, server: TestServer): Promise<LedgerDatabase> {
  return ofTest(t, makeLedgerDatabase(server));
}

/** Creates an empty database for one test. */
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

/** Settings for a sandbox (or a proxy at `origin`) and a database. */
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

/** Returns a response, or undefined to forward the request to the API; may block. */
export type Intercept = (request: IncomingMessage) => CannedAnswer | undefined | Promise<CannedAnswer | undefined>;

/** Starts a proxy for a sandbox and returns its origin. `headers` override those of the sandbox's responses. */
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

/** Starts a web server and returns its origin. */
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

/** The numbers in the ledger, one line each, in the same format as `sandboxLines`. */
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

/** Requests for list pages and totals, without token requests. */
export function listRequests(sandbox: Sandbox): string[] {
  return sandbox.requests
    .filter(({ path }) => !path.endsWith('/token'))
    .map(({ path, query: { page = '-' } }) => `${path.replace(/^\/api\/(accounts\/)?/, '')} ${page}`);
}

/** Waits for a condition; the test's timeout applies if it never becomes true. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(20);
}
