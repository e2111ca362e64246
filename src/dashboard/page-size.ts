import type { Log } from '../log.js';
import type { DashboardClient } from './client.js';
import { ApiError, RequestError } from './errors.js';

/** A page of a list was refused for the size that the pages before it had. Another size would skip entries or repeat some. */
export class PageSizeChangedError extends RequestError {
  override readonly name = 'PageSizeChangedError';
}

/** Sizes that work in place of refused ones, by resource and refused size; undefined: none is to be sent. */
const workableSizes = new WeakMap<DashboardClient, Map<string, number | undefined>>();

/** Sizes to try where a refusal names no bound. */
const usualSizes = [2500, 1000];

/** What refuses the size of a page: 400 with code 1006, unless it says that it is about something else. */
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
  /** Asks with a size; undefined: without one. */
  ask: (size: number | undefined) => Promise<T>;
  log?: Pick<Log, 'info'>;
}

/**
 * Asks with the wanted size. Where the API refuses it, it asks again with the bound that the refusal names, else with 2500, then
 * 1000, then without a size. What worked is remembered for the client, and logged once.
 *
 * @throws ApiError the refusal of something else, or the one that comes without a size, too
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
        log?.info(`The API refuses pages of ${wanted} for ${resource}; the list is read ${used}`);
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

/** The largest number in a refusal that is below the refused size; 1 is where ranges begin. */
function boundIn(description: string, refused: number): number | undefined {
  const numbers = description.match(/\d{1,3}(?:,\d{3})+|\d+/g) ?? [];
  const bounds = numbers
    .map((text) => Number(text.replaceAll(',', '')))
    .filter((bound) => bound > 1 && bound < refused);
  return bounds.length === 0 ? undefined : Math.max(...bounds);
}
