import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';

/**
 * One process, told apart from every other one that ever gets the same number: numbers are given out again, and in containers
 * the same ones come back with every start.
 */
export interface ProcessIdentity {
  pid: number;
  /** When it started, as the system tells it: letters, digits and dashes, comparable for equality only. */
  startedAt: string;
  /** The boot and container in which both count; see `currentBoot`. */
  boot: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '', boot: currentBoot() };
}

/** Whether that very process still runs; a zombie doesn't. */
export function isAlive({ pid, startedAt, boot }: ProcessIdentity): boolean {
  return boot === currentBoot() && startOf(pid) === startedAt;
}

/** The identity as a word that does for a file name. */
export function printIdentity({ pid, startedAt, boot }: ProcessIdentity): string {
  return `${pid}_${startedAt}_${boot}`;
}

/** Undefined: the text is not an identity. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [, pid, startedAt, boot] = /^(\d+)_([\w-]*)_([\w-]*)$/.exec(text) ?? [];
  return pid === undefined || startedAt === undefined || boot === undefined
    ? undefined
    : { pid: Number(pid), startedAt, boot };
}

/** When the process with this number started; undefined: there is none, or it is a zombie. */
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
  // "pid (name) state …": the name may hold spaces and parentheses. Counted from the state, field 3, the start is field 22.
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
      return undefined; // what ps ends with when there is no such process
    }
    throw error;
  }
}

/**
 * Names the world in which a process number and its start mean something: one boot, and one container of it.
 * Other systems than Linux have no containers, and their start times are dates, which need no boot to be told apart.
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
