import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { UsageError } from '../errors.js';

/**
 * Numbers of the users whose files the inbox takes: this one's, root's, and those of `TN_LEDGER_INBOX_USERS`.
 *
 * @param users names or numbers
 * @throws {UsageError} there is no such user
 */
export async function userIds(users: readonly string[]): Promise<Set<number>> {
  const own = process.getuid?.();
  return new Set([...(own === undefined ? [] : [own]), 0, ...(await Promise.all(users.map(userId)))]);
}

/** `id` instead of /etc/passwd, because macOS and directory services keep their users elsewhere. */
async function userId(user: string): Promise<number> {
  if (/^\d+$/.test(user)) return Number(user);
  try {
    return Number((await promisify(execFile)('id', ['-u', '--', user])).stdout);
  } catch {
    throw new UsageError(`TN_LEDGER_INBOX_USERS names a user that does not exist: ${user}.`, {
      hint: 'Name users of this machine, or give their numbers.',
    });
  }
}
