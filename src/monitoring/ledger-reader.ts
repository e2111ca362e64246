import PQueue from 'p-queue';
import type pg from 'pg';
import type { Database } from '../database/connect.js';
import { inTransaction } from '../database/transaction.js';
import { LedgerError, messageOf } from '../errors.js';
import type { Log } from '../log.js';
import { type Counter, type Counts, createCounter, type Reading } from './counts.js';
import { type LedgerFigures, readAccounts, readLedgerFigures } from './ledger-figures.js';

export interface LedgerReaderOptions {
  /** Opens connections apart from those of the runs, which may all be in use. */
  open: (signal: AbortSignal) => Promise<Database>;
  /** Empty: all accounts that any run was for. */
  accounts: readonly string[];
  /** Names of all jobs. */
  jobs: readonly string[];
  /** How long an answer may take, including connecting. */
  timeoutMs?: number;
  /** How long counting the numbers of one account may take. */
  countTimeoutMs?: number;
  log: Pick<Log, 'warn' | 'info'>;
}

/** Reads what monitoring shows from the database, which may be down or hang at any time. */
export interface LedgerReader {
  /** The figures; undefined if the database can't be read. Callers that ask at the same time share the answer. */
  figures(): Promise<LedgerFigures | undefined>;
  /** The latest counts. `figures` starts counting what is out of date, and doesn't wait for it. */
  counts(): Counts;
  /** Waits for the counts of these figures. */
  finishCounts(figures: LedgerFigures): Promise<void>;
  /**
   * Runs work in a read-only transaction with a time limit.
   *
   * @throws {LedgerError} the database can't be reached, or takes too long
   */
  read<T>(work: (client: pg.ClientBase) => Promise<T>): Promise<T>;
  /** The same without a transaction, for work that takes a connection of its own. */
  use<T>(work: (database: Database) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** Connections that it may open: one counts, the others answer requests. */
export const connections = 3;

const defaultTimeoutMs = 5000;
const defaultCountTimeoutMs = 60_000;

export function createLedgerReader(options: LedgerReaderOptions): LedgerReader {
  const { open, accounts, jobs, timeoutMs = defaultTimeoutMs, countTimeoutMs = defaultCountTimeoutMs, log } = options;
  const counter: Counter = createCounter(log);
  let opened: Promise<Database> | undefined;
  let isDown = false;
  const life = new AbortController();
  let pending: Promise<LedgerFigures | undefined> | undefined;

  /** Lets the next reading open new connections: these may be broken, or lead to a server that is gone. */
  const drop = (database: Promise<Database>) => {
    if (opened === database) opened = undefined;
    // It waits for connections in use, which may take until the network gives up on them.
    database.then((each) => each.close()).catch(() => undefined);
  };
  const useWithin = async <T>(ms: number, work: (database: Database) => Promise<T>): Promise<T> => {
    if (life.signal.aborted) throw new LedgerError('tn-ledger is stopping.');
    opened ??= open(life.signal);
    const database = opened;
    let isOpen = false;
    database.then(
      () => {
        isOpen = true;
      },
      () => drop(database),
    );
    try {
      return await within(ms, database.then(work));
    } catch (error) {
      // An attempt to connect may go on: the next reading waits for it too.
      if (isOpen) drop(database);
      throw error;
    }
  };
  const inSnapshot = <T>(database: Database, ms: number, work: (client: pg.ClientBase) => Promise<T>) =>
    inTransaction(database, { snapshot: true, settings: { statement_timeout: String(ms) } }, work);
  const countReading: Reading = (work) =>
    useWithin(countTimeoutMs, (database) => inSnapshot(database, countTimeoutMs, work));
  /** Their time starts when they do: many requests at once are no reason to think that the database hangs. */
  const readings = new PQueue({ concurrency: connections - 1 });
  const use = <T>(work: (database: Database) => Promise<T>) => readings.add(() => useWithin(timeoutMs, work));
  const read = <T>(work: (client: pg.ClientBase) => Promise<T>) =>
    use((database) => inSnapshot(database, timeoutMs, work));

  const readFigures = async () => {
    try {
      const figures = await read(async (client) =>
        readLedgerFigures(client, { accounts: accounts.length > 0 ? accounts : await readAccounts(client), jobs }),
      );
      if (isDown) log.info('Monitoring can read the database again');
      isDown = false;
      return figures;
    } catch (error) {
      if (!isDown && !life.signal.aborted) log.warn(`Monitoring can't read the database: ${messageOf(error)}`);
      isDown = true;
      return undefined;
    }
  };

  return {
    figures() {
      pending ??= readFigures().finally(() => {
        pending = undefined;
      });
      return pending.then((figures) => {
        if (figures !== undefined) void counter.refresh(countReading, figures.jobs);
        return figures;
      });
    },
    counts: counter.latest,
    finishCounts: (figures) => counter.refresh(countReading, figures.jobs),
    read,
    use,
    async close() {
      life.abort();
      const database = opened;
      opened = undefined;
      await database?.then(
        (each) => each.close(),
        () => undefined,
      );
    },
  };
}

/** Settles like the promise, or rejects after the time. */
async function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  promise.catch(() => undefined);
  try {
    return await Promise.race([
      promise,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new LedgerError(`there was no answer within ${ms / 1000} s`)), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
