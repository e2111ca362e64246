import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, utimes } from 'node:fs/promises';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { ExecutionContext } from 'ava';
import { SMTPServer } from 'smtp-server';
import { breakConnection } from '../../../src/sandbox/break-connection.js';
import type { SandboxOptions } from '../../../src/sandbox/server.js';
import type { ClockAnswer, ClockRequest } from '../../end-to-end/fixtures/driven-clock.js';
import { mainScript, makeFolder, startServer } from '../../end-to-end/support.js';
import { startDatabaseProxy } from '../../support/database-proxy.js';
import type { TestServer } from '../../support/postgres.js';
import { movableDatabaseClock } from '../../sync/support/database-clock.js';
import { type Ledger, openLedger } from '../../sync/support/ledger.js';

const drivenClock = fileURLToPath(new URL('../../end-to-end/fixtures/driven-clock.js', import.meta.url));

/** By the moved clocks, how long a test waits for what must happen soon. */
const longestWaitMs = 24 * 3_600_000;

/** What the API does with a request: `pass` it on to the sandbox, break the connection, or return a status. */
export type ApiAnswer = 'pass' | 'reset' | { status: number; headers?: Record<string, string> };

/** An API that works. */
export const works = (): ApiAnswer => 'pass';
/** An API that is down. */
export const isDown = (): ApiAnswer => 'reset';

/** A message as a webhook with `TN_LEDGER_ALERT_FORMAT=json` receives it. */
export interface AlertMessage {
  event: 'failure' | 'recovery' | 'digest' | 'test';
  title: string;
  body: string;
  time: string;
  problems: { account: string; job: string; since: string; error: string | null; fix: string | null }[];
}

/** A process of the program, with clocks that the world moves. */
export interface DrivenProcess {
  child: ChildProcess;
  /** Everything printed so far. */
  output(): string;
  ended: Promise<number | null>;
  /** The heap and the resident set after a garbage collection. */
  measure(): Promise<NodeJS.MemoryUsage>;
}

/**
 * A ledger whose clocks a test moves, all by the same: those of the database, of the API, and of the processes that work on it. The
 * API, the database, the webhook and the mail server can fail.
 */
export interface MovedWorld {
  t: ExecutionContext;
  ledger: Ledger;
  /** The process that runs `tn-ledger schedule`. */
  readonly schedule: DrivenProcess;
  env: Record<string, string>;
  cwd: string;
  now(): Date;
  /** Decides what the API does. */
  onRequest: (path: string) => ApiAnswer;
  webhook: { state: 'ok' | 'fails' | 'hangs'; accepted: AlertMessage[] };
  mail: { state: 'ok' | 'refuses' };
  pings: { path: string; body: string }[];
  /** How often a process has looked for alerts to send. */
  alertPolls(): number;
  stopDatabase(): Promise<void>;
  startDatabase(): Promise<void>;
  startSchedule(): void;
  endSchedule(signal: 'SIGTERM' | 'SIGKILL'): Promise<void>;
  /** Runs a command, which must succeed. */
  runToEnd(args: readonly string[]): Promise<void>;
  /** What all processes have printed, also those that have ended. */
  printed(): string;
  /** Moves all clocks while nothing is in progress. */
  move(ms: number): Promise<void>;
  /** Moves the clocks in steps until something has happened. */
  passUntil(happened: () => boolean | Promise<boolean>, stepMs: number): Promise<void>;
  /** Gives new files of the data folder, which have the machine's time, the moved one: they are removed by age. */
  dateFiles(): Promise<void>;
  /** A query that survives a restart of the server. */
  query<T = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<T[]>;
}

export interface WorldOptions {
  /** When it begins: ISO 8601. */
  from: string;
  sandbox: SandboxOptions;
  /** More variables of the processes. */
  env: Record<string, string>;
  /** Arguments of Node.js. */
  nodeArguments?: readonly string[];
}

/** Opens a world and starts `tn-ledger schedule` in it. */
export async function openMovedWorld(
  t: ExecutionContext,
  server: TestServer,
  { from, sandbox, env, nodeArguments = [] }: WorldOptions,
): Promise<MovedWorld> {
  const ledger = await openLedger(t, server, { sandbox: { ...sandbox, now: new Date(from) } });
  const moveDatabase = await movableDatabaseClock(server, ledger, { withClockTimestamp: true });
  await moveDatabase(Date.parse(from) - Date.now());
  const cwd = await makeFolder(t);
  const { clock } = ledger.sandbox;
  const processes: DrivenProcess[] = [];
  const dated = new Set<string>();
  let polls = 0;
  const proxy = await startDatabaseProxy(t, ledger.env.DATABASE_URL as string, (data) => {
    if (data.includes('tn-ledger alerts')) polls += 1;
  });
  const inFlight = new Set<ServerResponse>();
  const webhook: MovedWorld['webhook'] = { state: 'ok', accepted: [] };
  const mail: MovedWorld['mail'] = { state: 'ok' };
  const pings: MovedWorld['pings'] = [];

  const api = await startServer(t, (incoming, outgoing) => {
    inFlight.add(outgoing);
    outgoing.on('close', () => inFlight.delete(outgoing));
    const date = () => clock.now().toUTCString();
    const answer = world.onRequest(incoming.url ?? '');
    if (answer === 'reset') breakConnection(outgoing.socket);
    else if (answer === 'pass') forward(ledger.sandbox.url, incoming, outgoing, date);
    else outgoing.writeHead(answer.status, { ...answer.headers, date: date() }).end();
  });
  const listener = await startServer(t, async (incoming, outgoing) => {
    if (webhook.state !== 'hangs') inFlight.add(outgoing);
    outgoing.on('close', () => inFlight.delete(outgoing));
    const body = await text(incoming);
    if (incoming.url?.startsWith('/ping')) {
      pings.push({ path: incoming.url, body });
      outgoing.end();
    } else if (webhook.state === 'ok') {
      webhook.accepted.push(JSON.parse(body));
      outgoing.end();
    } else if (webhook.state === 'fails') outgoing.writeHead(503).end();
    // Else it hangs until the client gives up.
  });
  const smtp = await startMail(t, mail);

  const start = (args: readonly string[]): DrivenProcess => {
    const started = startDriven(t, world, args, nodeArguments);
    processes.push(started);
    return started;
  };
  let schedule!: DrivenProcess;
  const world: MovedWorld = {
    t,
    ledger,
    cwd,
    env: {
      ...ledger.env,
      BANDWIDTH_API_URL: `${api}/api`,
      BANDWIDTH_TOKEN_URL: `${api}/api/v1/oauth2/token`,
      DATABASE_URL: proxy.url,
      TN_LEDGER_HTTP: '',
      TN_LEDGER_LOG_FORMAT: 'pretty',
      TN_LEDGER_ALERT_WEBHOOK: `${listener}/hook`,
      TN_LEDGER_ALERT_FORMAT: 'json',
      TN_LEDGER_ALERT_SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
      TN_LEDGER_ALERT_FROM: 'ledger@example.com',
      TN_LEDGER_ALERT_TO: 'ops@example.com',
      TN_LEDGER_PING_URL: `${listener}/ping`,
      ...env,
    },
    now: clock.now,
    onRequest: works,
    webhook,
    mail,
    pings,
    alertPolls: () => polls,
    stopDatabase: proxy.stop,
    startDatabase: proxy.start,
    get schedule() {
      return schedule;
    },
    startSchedule() {
      schedule = start(['schedule']);
    },
    async endSchedule(signal) {
      schedule.child.kill(signal);
      t.is(await schedule.ended, signal === 'SIGTERM' ? 0 : null, schedule.output());
    },
    async runToEnd(args) {
      const command = start(args);
      let status: number | null | undefined;
      void command.ended.then((ended) => {
        status = ended;
      });
      await world.passUntil(() => status !== undefined, 1000);
      t.is(status, 0, command.output());
    },
    printed: () => processes.map((each) => each.output()).join(''),
    async move(ms) {
      await quiet();
      clock.advance(ms);
      await retrying(() => moveDatabase(ms));
      await Promise.all(processes.map((each) => ask(each.child, { move: ms })));
    },
    async passUntil(happened, stepMs) {
      const limit = world.now().getTime() + longestWaitMs;
      while (!(await happened())) {
        if (world.now().getTime() > limit) {
          throw new Error(`It hasn't happened by ${world.now().toISOString()}:\n${world.printed().slice(-8000)}`);
        }
        await world.move(stepMs);
      }
    },
    dateFiles: () =>
      undisturbed(async () => {
        for (const path of await filesIn(join(cwd, 'data'))) {
          if (!dated.has(path)) await utimes(path, clock.now(), clock.now());
          dated.add(path);
        }
      }),
    query: (sql, values) => retrying(() => ledger.query(sql, values)),
  };

  /** Waits until no request and no statement is in progress, so that moved clocks don't make a fast answer a late one. */
  async function quiet(): Promise<void> {
    for (let calm = 0; calm < 3; ) {
      const isBusy = inFlight.size > 0 || smtp.isBusy() || !proxy.isIdle();
      calm = isBusy ? 0 : calm + 1;
      if (isBusy) await delay(2);
      else await turn();
    }
  }
  world.startSchedule();
  return world;
}

function forward(target: string, incoming: IncomingMessage, outgoing: ServerResponse, date: () => string): void {
  const { method, headers } = incoming;
  const onward = httpRequest(new URL(incoming.url ?? '', target), { method, headers });
  const breakOff = () => breakConnection(outgoing.socket);
  onward.on('error', breakOff);
  onward.on('response', (answer) => {
    // The sandbox dates the end of a rate limit by the real time.
    const { 'x-ratelimit-reset': _reset, ...others } = answer.headers;
    outgoing.writeHead(answer.statusCode ?? 502, { ...others, date: date() });
    outgoing.flushHeaders();
    answer.on('error', breakOff);
    answer.pipe(outgoing);
  });
  outgoing.on('close', () => onward.destroy());
  incoming.pipe(onward);
}

async function startMail(t: ExecutionContext, mail: MovedWorld['mail']): Promise<{ port: number; isBusy(): boolean }> {
  const server = new SMTPServer({
    hideSTARTTLS: true,
    authOptional: true,
    onMailFrom: (_address, _session, callback) =>
      callback(mail.state === 'ok' ? null : Object.assign(new Error('4.3.2 try later'), { responseCode: 421 })),
    onData: (stream, _session, callback) => stream.resume().on('end', callback),
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  t.teardown(() => new Promise<void>((resolve) => server.close(() => resolve())));
  return { port: (listening.address() as AddressInfo).port, isBusy: () => server.connections.size > 0 };
}

function startDriven(
  t: ExecutionContext,
  world: Pick<MovedWorld, 'cwd' | 'env' | 'now'>,
  args: readonly string[],
  nodeArguments: readonly string[],
): DrivenProcess {
  const { cwd, env } = world;
  const child = spawn(
    process.execPath,
    ['--expose-gc', '--import', drivenClock, ...nodeArguments, mainScript, ...args],
    {
      cwd,
      env: {
        PATH: process.env.PATH,
        HOME: cwd,
        ...env,
        DRIVEN_CLOCK_AHEAD: String(world.now().getTime() - Date.now()),
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  t.teardown(() => child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  return {
    child,
    output: () => output,
    ended: once(child, 'close').then(([status]) => status),
    async measure() {
      const answer = await ask(child, { measure: true });
      if (answer?.memory === undefined) throw new Error(`The process has ended:\n${output}`);
      return answer.memory;
    },
  };
}

/** Sends a request to the fixture and waits for its answer; undefined if the process ends first. */
async function ask(child: ChildProcess, request: ClockRequest): Promise<ClockAnswer | undefined> {
  if (!child.connected) return undefined;
  const over = new AbortController();
  const { signal } = over;
  const answer = once(child, 'message', { signal }).then(([message]) => message as ClockAnswer);
  const end = once(child, 'disconnect', { signal }).then(() => undefined);
  child.send(request, () => undefined);
  try {
    return await Promise.race([answer, end]);
  } finally {
    for (const each of [answer, end]) each.catch(() => undefined);
    over.abort();
  }
}

/** The paths of all files in a folder and those in it. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Repeats work on files that a process removes or renames in the middle of it. */
export async function undisturbed<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

/** A server that restarts after a crash refuses connections for a moment. */
async function retrying<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (
        !/terminat|starting up|accepting connections|recovery|ECONNREFUSED|ECONNRESET|shutting down|closed/i.test(
          String(error),
        )
      )
        throw error;
      await delay(20);
    }
  }
}
