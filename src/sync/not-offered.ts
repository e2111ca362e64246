import { type ApiError, isNotOffered } from '../dashboard/errors.js';
import type { Description } from '../dashboard/resource.js';
import type { JobContext } from '../run/job.js';

/**
 * Reads an optional resource. If the API doesn't offer it, warns, and returns false: what is stored stays as it is.
 *
 * @throws the errors of `read`
 */
export async function readIfOffered(
  { run }: Pick<JobContext, 'run'>,
  { optional, titles }: Pick<Description, 'optional' | 'titles'>,
  read: () => Promise<void>,
): Promise<boolean> {
  try {
    await read();
    return true;
  } catch (error) {
    if (!optional || !isNotOffered(error)) throw error;
    run.warn(notRead(titles.many, error));
    return false;
  }
}

/** The warning that what the API doesn't offer was not read. */
export function notRead(what: string, error: ApiError): string {
  return `${what} were not read, and the stored ones were not changed: ${sentencesOf(error)}`;
}

/** The message and the hint. */
export function sentencesOf({ message, hint }: ApiError): string {
  return `${message}.${hint === undefined ? '' : ` ${hint}`}`;
}
