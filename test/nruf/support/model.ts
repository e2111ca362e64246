import type { Life } from './world.js';

export interface Counted {
  account: string;
  number: string;
  category: string | null;
  undeclared: boolean;
  leftOut: string | null;
}

const tollFree = ['800', '833', '844', '855', '866', '877', '888'];

/**
 * What the design says of each number in service at the end of a day, computed number by number from its life: nothing in it is
 * taken from the SQL.
 */
export function countLives(lives: readonly Life[], day: number, agingDays = 0): Counted[] {
  const end = (day + 1) * 24;
  const holds = ({ from, to }: { from: number; to: number | undefined }) =>
    from < end && (to === undefined || to >= end);
  const inService = lives.flatMap((life) => {
    const stay = life.statuses.find((each) => each.status === 'Inservice' && holds(each));
    return stay === undefined ? [] : [{ life, stay }];
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
    const leftOut = leftOutBecause(lives, number, day, Math.floor(stay.from / 24));
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

function leftOutBecause(lives: readonly Life[], number: string, day: number, stayFrom: number): string | null {
  if (!/^[2-9]\d{9}$/.test(number)) return 'not NANP';
  const npa = number.slice(0, 3);
  if (tollFree.includes(npa)) return 'toll-free';
  if (npa === '900') return '900';
  if (npa === '521') return '5XX';
  const dayOf = (hours: number | undefined) => (hours === undefined ? undefined : Math.floor(hours / 24));
  for (const life of lives.filter((each) => each.number === number)) {
    for (const port of life.ports) {
      if (port.status !== 'COMPLETE' || port.carrier.startsWith('Bandwidth')) continue;
      const done = dayOf(port.done ?? port.changed) as number;
      const ordered = dayOf(port.ordered);
      if (done <= day || (ordered !== undefined && ordered <= stayFrom)) return 'ported in';
    }
  }
  return null;
}
