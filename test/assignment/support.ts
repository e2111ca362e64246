import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import { parse } from 'csv-parse/sync';
import type { AssignContext } from '../../src/assignment/assign-context.js';
import { type AssignOptions, type AssignResult, assignFile } from '../../src/assignment/assign-file.js';
import { resultFiles } from '../../src/assignment/results.js';
import { createLog } from '../../src/log.js';
import { isNumberHeader } from '../../src/number-file/header-names.js';
import type { SandboxAssignmentOrder } from '../../src/sandbox/orders/order-types.js';
import { type CliOptions, type CliResult, cli, type Env, makeFolder } from '../end-to-end/support.js';
import type { TestServer } from '../support/postgres.js';
import { account, type Ledger, type LedgerOptions, openLedger, withoutOrders } from '../sync/support/ledger.js';

/** A ledger with the sandbox's numbers loaded, and helpers for files of those numbers. */
export interface Assigning extends Ledger {
  /** The account's in-service numbers. */
  numbers: string[];
  /** Warnings of all runs. */
  warnings: string[];
  context(more?: Partial<AssignContext>): AssignContext;
  write(name: string, content: string | readonly string[]): Promise<string>;
  assign(path: string, options?: Partial<AssignOptions>, context?: Partial<AssignContext>): Promise<AssignResult>;
  /** Orders placed by POST, oldest first. */
  placed(): SandboxAssignmentOrder[];
  /** Requests since the last call, as `METHOD path`, without token requests. */
  requests(): string[];
}

export async function openAssigning(
  t: ExecutionContext<unknown>,
  server: TestServer,
  { sandbox = {}, ...options }: LedgerOptions = {},
): Promise<Assigning> {
  // No orders of the sandbox's own: every order is the test's.
  const ledger = await openLedger(t, server, {
    ...options,
    sandbox: { numbers: 300, ...withoutOrders, assignmentPace: { reads: 0 }, ...sandbox },
  });
  const report = await ledger.run('sync-inservice-numbers');
  t.is(report.result, 'succeeded');
  ledger.sandbox.clearRequests();
  const warnings: string[] = [];
  const log = createLog({
    level: 'debug',
    format: 'json',
    redact: (text) => text,
    write: (line) => void ledger.log.push(line),
  });
  const client = ledger.openClient({ retry: { baseMs: 1 } });
  t.teardown(() => client.close());
  const numbers: string[] = [];
  for (const { telephoneNumber, listedInService } of ledger.sandbox.account(account).numbers()) {
    if (listedInService && /^\d{10}$/.test(telephoneNumber)) numbers.push(telephoneNumber);
  }
  const context = (more: Partial<AssignContext> = {}): AssignContext => ({
    account,
    database: ledger.database,
    client,
    log,
    signal: new AbortController().signal,
    warn: (sentence) => void warnings.push(sentence),
    expect: () => undefined,
    onPlaced: () => undefined,
    timing: { listingDelayMs: 1, firstAgeMs: 1 },
    ...more,
  });
  return {
    ...ledger,
    numbers,
    warnings,
    context,
    async write(name, content) {
      const path = join(ledger.dataDir, name);
      await writeFile(path, typeof content === 'string' ? content : `${content.join('\n')}\n`);
      return path;
    },
    assign: (path, assignOptions = {}, more = {}) =>
      assignFile(context(more), path, {
        action: 'ASSIGN',
        wait: true,
        timeoutMs: 60_000,
        files: resultFiles(join(ledger.dataDir, 'outbox'), path),
        ...assignOptions,
      }),
    placed: () => ledger.sandbox.account(account).assignmentOrders().reverse(),
    requests() {
      const seen = ledger.sandbox.requests.filter(({ path }) => !path.endsWith('/token'));
      const lines = seen.map(({ method, path }) => `${method} ${path.replace(`/api/accounts/${account}/`, '')}`);
      ledger.sandbox.clearRequests();
      return lines;
    },
  };
}

const outcomeColumns = ['line_number', 'telephone_number', 'outcome', 'error_code', 'error_description', 'order_id'];

/**
 * Returns the lines of a results file without the header, each as line number, number as given, number, outcome, error code, error
 * description and order, joined by `|`. The file's own other columns are left out.
 */
export async function resultLines(path: string | undefined): Promise<string[]> {
  if (path === undefined) throw new Error('there are no results');
  const [header = [], ...rows]: string[][] = parse(await readFile(path), { bom: true });
  const given = header.includes('number_as_given')
    ? header.indexOf('number_as_given')
    : header.findIndex(isNumberHeader);
  const places = outcomeColumns.map((name) => header.lastIndexOf(name));
  const [line = -1, ...outcome] = places;
  return rows.map((row) => [line, given, ...outcome].map((index) => row[index]).join('|'));
}

/** The settings of a command on the world's ledger. */
export function envOf(world: Assigning): Env {
  return { ...world.env, TN_LEDGER_DATA_DIR: world.dataDir, TN_LEDGER_LOG_LEVEL: 'warn' };
}

/** Runs the command line on the world's ledger, in its own folder, and returns the output. */
export async function run(
  t: ExecutionContext,
  world: Assigning,
  args: readonly string[],
  options: CliOptions = {},
): Promise<CliResult> {
  return cli(t, args, { cwd: await makeFolder(t), ...options, env: { ...envOf(world), ...options.env } });
}
