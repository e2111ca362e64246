import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UsageError } from '../errors.js';

/**
 * Numeric IDs of the users whose inbox files are accepted: the current user, root, and those in `TN_LEDGER_INBOX_USERS`.
 *
 * @param users names or numeric IDs
 * @throws {UsageError} a user does not exist
 */
export async function userIds(users: readonly string[]): Promise<Set<number>> {
  const own = process.getuid?.();
  return new Set([...(own === undefined ? [] : [own]), 0, ...(await Promise.all(users.map(userId)))]);
}

/** Uses `id` instead of /etc/passwd, because macOS and directory services store users elsewhere. */
async function userId(user: string): Promise<number> {
  if (/^\d+$/.test(user)) return Number(user);
  try {
    return Number((await promisify(execFile)('id', ['-u', '--', user])).stdout);
  } catch {
    throw new UsageError(`TN_LEDGER_INBOX_USERS lists a user that does not exist: ${user}.`, {
      hint: 'List users of this machine, or their numeric IDs.',
    });
  }
}
