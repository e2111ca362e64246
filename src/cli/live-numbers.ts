import type pg from 'pg';
import { apiOf } from '../config.js';
import type { DashboardClient } from '../dashboard/client.js';
import { UsageError } from '../errors.js';
import {
  compareLive,
  createLiveReader,
  isKnownLive,
  isRefused,
  type LiveNumber,
  type LiveSource,
  readPlaces,
  requestsPerNumber,
} from '../timeline/live.js';
import type { Timeline } from '../timeline/read-timelines.js';
import { formatCount } from './format.js';
import { describeTime, estimateRequests } from './format-batch.js';
import { liveToJson, liveToText } from './format-live.js';
import type { LiveAnswer } from './format-timeline.js';
import type { ApiSession } from './session.js';

/** Reads the ledger in a snapshot. */
export type ReadLedger = <T>(work: (client: pg.ClientBase) => Promise<T>) => Promise<T>;

/** Reads numbers from the API, beside their time lines. */
export interface LiveNumbers {
  /** Numbers to read at a time: they are printed when all of them are read. */
  sliceSize: number;
  /** @param read reads the ledger */
  read(timelines: readonly Timeline[], read: ReadLedger): Promise<LiveAnswer[]>;
}

/**
 * Opens the API for `tn-ledger number --live`, and says how long it will take if that is long.
 *
 * @param numbers how many will be read
 * @param chosen only with the credentials of these accounts; undefined: of all that are configured
 * @throws {UsageError} no chosen account is configured
 */
export async function openLiveNumbers(
  session: ApiSession,
  numbers: number,
  chosen: readonly string[] | undefined,
): Promise<LiveNumbers> {
  const { config, log, signal, statusLine } = session;
  const configured = await session.accounts();
  const own = new Set(configured);
  const asked = configured.filter((account) => chosen?.includes(account) ?? true);
  if (asked.length === 0) {
    throw new UsageError(
      `tn-ledger number --live has no credentials for account ${chosen?.join(', ')} (configured: ${configured.join(', ')}).`,
      { hint: 'Choose one of these accounts, or leave out the option.' },
    );
  }
  const sources = await sourcesOf(session, asked);
  const readNumber = createLiveReader(sources, signal);
  const requestsPerMinute = Math.min(...asked.map((account) => apiOf(config, account).requestsPerMinute));
  const requests = numbers * requestsPerNumber;
  const time = describeTime(estimateRequests(requests, requestsPerMinute));
  if (requests > requestsPerMinute) {
    log.info(
      `Reading ${formatCount(numbers)} numbers from the API: about ${formatCount(requests)} requests (${requestsPerNumber} per number, more for numbers that the API doesn't know), ${time}`,
    );
  }
  let done = 0;
  // Where the result goes to the terminal, it shows the progress itself.
  const showsProgress = process.stderr.isTTY && !process.stdout.isTTY && session.logFormat === 'pretty';
  const progress = () => `${formatCount(done)} of ${formatCount(numbers)} numbers read from the API`;
  return {
    sliceSize: 20,
    async read(timelines, read) {
      const listed = timelines.map(({ number }) => number);
      const places = await read((client) => readPlaces(client, listed));
      if (showsProgress) statusLine.show('live', progress);
      try {
        return await Promise.all(
          timelines.map(async (timeline): Promise<LiveAnswer> => {
            const { number, states, otherAccounts } = timeline;
            const live: LiveNumber = await readNumber(number, [
              ...states.map(({ account }) => account),
              ...otherAccounts,
            ]);
            done += 1;
            const ledger = { timeline, places: places.get(number) ?? [], own, chosen };
            const result = { live, own, ...compareLive(live, ledger) };
            return {
              isKnown: isKnownLive(live),
              isRefused: isRefused(live),
              toText: (width) => liveToText(number, result, width),
              toJson: () => liveToJson(result),
            };
          }),
        );
      } finally {
        statusLine.clear('live');
      }
    },
  };
}

/** The accounts by their credentials: whatever these don't know, the other accounts of the same don't either. */
async function sourcesOf(session: ApiSession, accounts: readonly string[]): Promise<LiveSource[]> {
  const byClient = new Map<DashboardClient, string[]>();
  for (const account of accounts) {
    const client = await session.client(account);
    byClient.set(client, [...(byClient.get(client) ?? []), account]);
  }
  return [...byClient].map(([client, own]) => ({ client, accounts: own }));
}
