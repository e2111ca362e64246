import type { Log } from '../log.js';
import type { DashboardClient } from './client.js';
import { ApiError, RequestError } from './errors.js';

/** The API rejected a later page for the size of the earlier ones. Another size would skip or repeat entries. */
export class PageSizeChangedError extends RequestError {
  override readonly name = 'PageSizeChangedError';
}

/** Accepted sizes by resource and rejected size; undefined: send no size. */
const workableSizes = new WeakMap<DashboardClient, Map<string, number | undefined>>();

/** Sizes to try if the rejection names no limit. */
const usualSizes = [2500, 1000];

/** Whether an error rejects the page size: 400 with code 1006, unless its description is about something else. */
export function isSizeRefusal(error: unknown): error is ApiError {
  return (
    error instanceof ApiError &&
    error.status === 400 &&
    error.codes.some(({ code, description }) => code === '1006' && (description === '' || /size/i.test(description)))
  );
}

export interface SizedRequest<T> {
  client: DashboardClient;
  /** The resource's name. */
  resource: string;
  wanted: number;
  /** Sends the request with a size, or without one if undefined. */
  ask: (size: number | undefined) => Promise<T>;
  log?: Pick<Log, 'info'>;
}

/**
 * Sends a request with the preferred size. If the API rejects it, retries with the limit that the rejection names, or
 * else with 2,500, then 1,000, then without a size. Remembers the accepted size for the client, and logs it once.
 *
 * @throws {ApiError} for any other rejection, or if the API also rejects the request without a size
 */
export async function askWithSize<T>({ client, resource, wanted, ask, log }: SizedRequest<T>): Promise<T> {
  const known = workableSizes.get(client) ?? new Map<string, number | undefined>();
  workableSizes.set(client, known);
  const key = `${resource} ${wanted}`;
  let size = known.has(key) ? known.get(key) : wanted;
  for (;;) {
    try {
      const answer = await ask(size);
      if (size !== wanted && !known.has(key)) {
        known.set(key, size);
        const used = size === undefined ? 'without a size' : `in pages of ${size}`;
        log?.info(`The API rejects pages of ${wanted} for ${resource}; reading the list ${used}`);
      }
      return answer;
    } catch (error) {
      if (size === undefined || !isSizeRefusal(error)) throw error;
      size = smallerSize(error, size, size === wanted);
    }
  }
}

function smallerSize({ codes }: ApiError, refused: number, isFirst: boolean): number | undefined {
  const named = isFirst ? boundIn(codes.map(({ description }) => description).join(' '), refused) : undefined;
  return named ?? usualSizes.find((size) => size < refused);
}

/** The largest number in a rejection that is below the rejected size. Ignores 1, the start of a range. */
function boundIn(description: string, refused: number): number | undefined {
  const numbers = description.match(/\d{1,3}(?:,\d{3})+|\d+/g) ?? [];
  const bounds = numbers
    .map((text) => Number(text.replaceAll(',', '')))
    .filter((bound) => bound > 1 && bound < refused);
  return bounds.length === 0 ? undefined : Math.max(...bounds);
}
