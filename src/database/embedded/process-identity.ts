import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/** Identifies a process uniquely, even when its pid is reused: in containers the same pids recur with every start. */
export interface ProcessIdentity {
  pid: number;
  /** Start time as reported by the system: letters, digits, and dashes, comparable only for equality. */
  startedAt: string;
  /** The boot and container in which pid and start time are valid; see `currentBoot`. */
  boot: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '', boot: currentBoot() };
}

/** Whether this process is still running; a zombie isn't. */
export function isAlive({ pid, startedAt, boot }: ProcessIdentity): boolean {
  return boot === currentBoot() && startOf(pid) === startedAt;
}

/** Formats the identity for use in a file name. */
export function printIdentity({ pid, startedAt, boot }: ProcessIdentity): string {
  return `${pid}_${startedAt}_${boot}`;
}

/** Parses a formatted identity; undefined if the text isn't one. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [, pid, startedAt, boot] = /^(\d+)_([\w-]*)_([\w-]*)$/.exec(text) ?? [];
  return pid === undefined || startedAt === undefined || boot === undefined
    ? undefined
    : { pid: Number(pid), startedAt, boot };
}

/** Start time of the process with this pid; undefined if there is none or it is a zombie. */
export function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function startFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH')) {
      return undefined; // it is gone
    }
    throw error;
  }
  // "pid (name) state …": the name may contain spaces and parentheses. The state is field 3, the start time field 22.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function startFromPs(pid: number): string | undefined {
  try {
    const line = execFileSync('ps', ['-o', 'state=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '').replace(/\W+/g, '-');
  } catch (error) {
    if ((error as { status?: number }).status === 1) {
      return undefined; // exit status of ps if there is no such process
    }
    throw error;
  }
}

/**
 * Identifies the boot and the container in which a pid and a start time are valid. Systems other than Linux have no
 * containers, and their start times are dates, which are unique across boots.
 */
export function currentBoot(): string {
  if (process.platform !== 'linux') {
    return 'here';
  }
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8');
  return createHash('sha256')
    .update(`${boot} ${readlinkSync('/proc/self/ns/pid')}`)
    .digest('hex')
    .slice(0, 16);
}

function hasCode(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? '');
}
