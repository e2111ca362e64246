import { isNotOffered } from '../dashboard/errors.js';
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
    const { message, hint } = error;
    run.warn(
      `${titles.many} were not read, and the stored ones were not changed: ${message}.${hint === undefined ? '' : ` ${hint}`}`,
    );
    return false;
  }
}
