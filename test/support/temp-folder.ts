import { readFileSync, realpathSync, statfsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';

const roomWanted = 4 * 1024 ** 3; // bytes

/**
 * Folder for the data of test servers: in memory if there is enough, because writing new files takes most of their
 * time; otherwise the temporary folder, unless it is private to root and the servers' account can't enter it.
 */
export function serverTempFolder(): string {
  if (process.platform === 'linux' && isRoomyMemory('/dev/shm')) {
    return '/dev/shm';
  }
  return publicTempFolder();
}

/** A folder for temporary files that every account may enter. */
export function publicTempFolder(): string {
  const folder = realpathSync(tmpdir());
  const openToOthers = (statSync(folder).mode & 0o001) !== 0;
  return process.getuid?.() === 0 && !openToOthers ? '/tmp' : folder;
}

/** Programs must be allowed too, for the tests that copy PostgreSQL. */
function isRoomyMemory(path: string): boolean {
  const mount = readFileSync('/proc/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .find(([, folder, type]) => folder === path && type === 'tmpfs');
  if (mount === undefined || mount[3]?.split(',').includes('noexec')) {
    return false;
  }
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize >= roomWanted;
}
