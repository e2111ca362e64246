import type { Life, Port } from './world.js';

export interface Counted {
  account: string;
  number: string;
  category: string | null;
  undeclared: boolean;
  leftOut: string | null;
}

/** Whether the FCC wants numbers in the area codes of the test data; 230 is not in area_codes. */
const reportedToFcc: Record<string, boolean> = { 919: true, 503: true, 787: true, 416: false, 441: false };
const states: Record<string, boolean> = { NC: true, ON: false };

const tollFree = ['800', '833', '844', '855', '866', '877', '888'];

/**
 * The expected category of each number in service at the end of a day, computed from its life by the documented rules, independently
 * of the SQL.
 */
export function countLives(lives: readonly Life[], day: number, agingDays = 0): Counted[] {
  const end = (day + 1) * 24;
  const holds = ({ from, to }: { from: number; to: number | undefined }) =>
    from < end && (to === undefined || to >= end);
  const inService = lives.flatMap((life) => {
    const status = life.statuses.find((each) => ['Inservice', 'InAccount'].includes(each.status) && holds(each));
    if (status === undefined) return [];
    const before = life.statuses.find(({ to }) => to === status.from);
    const stay = status.status === 'Inservice' && before?.status === 'InAccount' ? before : status;
    return [{ life, stay }];
  });
  const onceEach = inService.filter(({ life, stay }) => {
    const rivals = inService.filter((other) => other.life.number === life.number && other.life !== life);
    const begin = (from: number) => Math.floor(from / 24);
    return rivals.every(
      (rival) =>
        begin(rival.stay.from) < begin(stay.from) ||
        (begin(rival.stay.from) === begin(stay.from) && rival.life.account > life.account),
    );
  });
  return onceEach.map(({ life, stay }) => {
    const { account, number } = life;
    const leftOut = leftOutReason(lives, life, day, Math.floor(stay.from / 24));
    if (leftOut !== null) return { account, number, category: null, undeclared: false, leftOut };
    const declared = life.categories.find(
      ({ fromDay, toDay }) => fromDay <= day && (toDay === undefined || toDay > day),
    );
    const counted = (category: string, undeclared = false) => ({ account, number, category, undeclared, leftOut });
    if (declared !== undefined) return counted(declared.category);
    const index = life.declarations.findIndex(holds);
    const last = life.declarations[index];
    const before = life.declarations[index - 1];
    if (last?.status === 'ASSIGNED') return counted('assigned');
    if (last?.status === 'UNASSIGNED' && before?.status === 'ASSIGNED' && before.to === last.from) {
      if (agingDays > 0 && day - Math.floor(last.from / 24) <= agingDays) return counted('aging');
    }
    return counted('available', !life.declarations.some(({ from }) => from < end));
  });
}

function leftOutReason(lives: readonly Life[], life: Life, day: number, stayFrom: number): string | null {
  const { number, account, owner, state } = life;
  if (!/^[2-9]\d{9}$/.test(number)) return 'not NANP';
  const npa = number.slice(0, 3);
  if (tollFree.includes(npa)) return 'toll-free';
  if (npa === '900') return '900';
  if (npa === '521') return '5XX';
  if (!(reportedToFcc[npa] ?? states[state ?? ''] ?? true)) return 'not United States';
  if (owner !== null && owner !== account) return 'hosted';
  const dayOf = (hours: number | undefined) => (hours === undefined ? undefined : Math.floor(hours / 24));
  const same = lives.filter((each) => each.number === number);
  for (const { from, to } of same.flatMap(({ imports }) => imports)) {
    if ((dayOf(from) as number) <= day && (dayOf(to) ?? Infinity) > day) return 'imported';
  }
  const orders = same.flatMap((each) => each.orders).filter(({ status }) => status !== 'FAILED');
  const isWonBack = ({ ordered, done, changed }: Port) =>
    orders.some(({ at }) => (at ?? -Infinity) < (ordered ?? done ?? changed));
  for (const port of same.flatMap(({ ports }) => ports)) {
    if (port.status !== 'COMPLETE' || port.carrier.startsWith('Bandwidth')) continue;
    if (port.internal || port.type === 'INTERNAL' || isWonBack(port)) continue;
    const done = dayOf(port.done ?? port.changed) as number;
    const ordered = dayOf(port.ordered);
    if (done <= day || (ordered !== undefined && ordered <= stayFrom)) return 'ported in';
  }
  return null;
}
