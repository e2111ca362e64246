import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * One process, told apart from every other one that ever gets the same number: numbers are given out again, and in containers
 * the same ones come back with every start.
 */
export interface ProcessIdentity {
  pid: number;
  /** When it started, in the system's own words: comparable for equality only. */
  startedAt: string;
  /** The boot of the machine in which `startedAt` counts. */
  boot: string;
}

export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, startedAt: startOf(process.pid) ?? '', boot: currentBoot() };
}

/** Whether that very process still runs; a zombie doesn't. */
export function isAlive({ pid, startedAt, boot }: ProcessIdentity): boolean {
  return boot === currentBoot() && startOf(pid) === startedAt;
}

/** The identity as a word for a file name: pid, start and boot. */
export function printIdentity({ pid, startedAt, boot }: ProcessIdentity): string {
  return [pid, startedAt, boot].map((part) => encodeURIComponent(part)).join('_');
}

/** Undefined: the text is not an identity. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const [pid, startedAt, boot, ...more] = text.split('_').map(decodeURIComponent);
  if (pid === undefined || startedAt === undefined || boot === undefined || more.length > 0) {
    return undefined;
  }
  return { pid: Number(pid), startedAt, boot };
}

/** When the process with this number started; undefined: there is none, or it is a zombie. */
export function startOf(pid: number): string | undefined {
  return process.platform === 'linux' ? startFromProc(pid) : startFromPs(pid);
}

function startFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined; // it is gone
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
    return line === '' || line.startsWith('Z') ? undefined : line.replace(/^\S+\s+/, '');
  } catch {
    return undefined; // ps exits 1 for a process that does not exist
  }
}

/** Linux counts start times in ticks since boot; elsewhere they are dates, which need no boot to be told apart. */
function currentBoot(): string {
  return process.platform === 'linux' ? readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim() : '';
}
