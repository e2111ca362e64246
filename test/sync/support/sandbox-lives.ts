import type { SandboxAccount } from '../../../src/sandbox/server.js';
import type { KnownLife } from './expected-histories.js';
import { micros } from './history-model.js';

interface Sighting {
  night: number;
  at: bigint;
  status: string;
  inServiceDate: bigint | undefined;
}

interface Move {
  direction: 'in' | 'out';
  /** When it happened, by the sandbox's clock. */
  at: bigint;
  /** The effective date of its order. */
  ordered: bigint;
}

type Mark = KnownLife['marks'][number];

/** Follows the sandbox's account run by run, and derives its numbers' lives from the sandbox's own state. */
export class SandboxLives {
  readonly #account: SandboxAccount;
  readonly #now: () => Date;
  readonly #sightings = new Map<string, Sighting[]>();
  #nights = 0;

  constructor(account: SandboxAccount, now: () => Date) {
    this.#account = account;
    this.#now = now;
  }

  /** Records what a run sees now. */
  night(): void {
    const at = micros(this.#now());
    for (const { telephoneNumber, status, inServiceDate } of this.#account.numbers()) {
      const seen = { night: this.#nights, at, status, inServiceDate: micros(inServiceDate) };
      push(this.#sightings, telephoneNumber, seen);
    }
    this.#nights += 1;
  }

  /** The lives of every number that a run saw or an order lists. */
  all(): Map<string, KnownLife[]> {
    const moves = this.#moves();
    const marks = this.#marks();
    const numbers = new Set([...this.#sightings.keys(), ...moves.keys(), ...marks.keys()]);
    return new Map(
      [...numbers].map((number) => [
        number,
        livesOf(this.#sightings.get(number) ?? [], moves.get(number) ?? [], marks.get(number) ?? []),
      ]),
    );
  }

  #moves(): Map<string, Move[]> {
    const moves = new Map<string, Move[]>();
    for (const { orderDate, numbers } of this.#account.orders()) {
      for (const { telephoneNumber, outcome, inServiceDate } of numbers) {
        if (outcome !== 'COMPLETED') continue;
        push(moves, telephoneNumber, {
          direction: 'in',
          at: micros(inServiceDate ?? orderDate),
          ordered: micros(orderDate),
        });
      }
    }
    for (const { status, actualFocDate, lastModifiedDate, numbers } of this.#account.portIns()) {
      if (status !== 'COMPLETE') continue;
      const at = micros(actualFocDate ?? lastModifiedDate);
      for (const number of numbers) push(moves, number, { direction: 'in', at, ordered: at });
    }
    for (const { orderDate, numbers } of this.#account.disconnects()) {
      for (const { telephoneNumber, outcome } of numbers) {
        const at = micros(orderDate);
        if (outcome === 'DISCONNECTED') push(moves, telephoneNumber, { direction: 'out', at, ordered: at });
      }
    }
    for (const { status, actualFocDate, orderDate, telephoneNumber } of this.#account.portOuts()) {
      const at = micros(actualFocDate ?? orderDate);
      if (status === 'COMPLETE') push(moves, telephoneNumber, { direction: 'out', at, ordered: at });
    }
    // In the same millisecond, out comes before in.
    for (const of of moves.values()) of.sort((a, b) => compare(a.at, b.at) || compare(b.direction, a.direction));
    return moves;
  }

  #marks(): Map<string, Mark[]> {
    const marks = new Map<string, Mark[]>();
    for (const { orderId, action, orderDate, numbers } of this.#account.assignmentOrders()) {
      for (const { telephoneNumber, outcome } of numbers) {
        if (outcome === 'ACCEPTED') push(marks, telephoneNumber, { orderId, action, at: micros(orderDate) });
      }
    }
    for (const of of marks.values()) of.sort((a, b) => compare(a.at, b.at) || compare(a.orderId, b.orderId));
    return marks;
  }
}

function livesOf(sightings: readonly Sighting[], moves: readonly Move[], marks: readonly Mark[]): KnownLife[] {
  const lives: { came: bigint | undefined; ordered: bigint | undefined; out: bigint | undefined }[] = [];
  for (const { direction, at, ordered } of moves) {
    const current = lives.at(-1);
    if (direction === 'in') lives.push({ came: at, ordered, out: undefined });
    else if (current === undefined) lives.push({ came: undefined, ordered: undefined, out: ordered });
    // Of several orders that removed it, the last one counts: each found it there.
    else current.out = ordered;
  }
  if (lives.length === 0) lives.push({ came: undefined, ordered: undefined, out: undefined });
  const begun = (at: bigint) => lives.findLast(({ came }) => came === undefined || came <= at);
  const known = lives.map((life) => {
    const seen = sightings.filter(({ at }) => begun(at) === life);
    return {
      ...life,
      toldDate: seen.at(-1)?.inServiceDate,
      seen: new Map(seen.map(({ night, status }) => [night, status])),
      marks: [] as Mark[],
    };
  });
  for (const each of marks) {
    const life = known.find(({ out }) => out === undefined || each.at < out);
    const previous = life && known[known.indexOf(life) - 1];
    const begin = life && ((life.seen.size > 0 ? life.toldDate : undefined) ?? life.ordered);
    // Between two lives the number was not the account's, even if Bandwidth accepted an assignment while it was leaving.
    if (life === undefined || (previous !== undefined && begin !== undefined && each.at < begin)) continue;
    // Its end is unknown: no run saw the number, and no order removed it.
    if (life.seen.size === 0 && life.out === undefined) continue;
    life.marks.push(each);
  }
  return known;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

function compare<T extends bigint | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
