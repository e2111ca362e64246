import type { ExecutionContext } from 'ava';
import type { SandboxNumber } from '../../../src/sandbox/server.js';
import { differences, expectedRow, storedRows } from './expected-numbers.js';
import { impossibilities, lastNight, micros, NumberHistory, render, storedHistories } from './history-model.js';
import { account, type Ledger, leftovers } from './ledger.js';

/** Checks a ledger over several runs against the sandbox's own state. */
export interface RunWatch {
  /**
   * Compares everything that the ledger has and ever recorded with the sandbox. Call it after each complete run, before the sandbox
   * changes.
   */
  compare(t: ExecutionContext): Promise<void>;
}

export function watchRuns(ledger: Ledger): RunWatch {
  const histories = new Map<string, NumberHistory>();
  const lastRows = new Map<string, ReturnType<typeof expectedRow>>();
  const nights: bigint[] = [];

  function see(now: bigint, held: ReadonlyMap<string, SandboxNumber>): void {
    for (const number of new Set([...histories.keys(), ...held.keys()])) {
      const history = histories.get(number) ?? new NumberHistory();
      histories.set(number, history);
      const seen = held.get(number);
      history.night(
        now,
        seen && {
          status: seen.status,
          inServiceDate: micros(seen.inServiceDate),
          lastModified: micros(seen.lastModified),
          rest: JSON.stringify(expectedRow(seen)),
        },
      );
    }
  }

  return {
    async compare(t) {
      const held = new Map([...ledger.sandbox.account(account).numbers()].map((each) => [each.telephoneNumber, each]));
      for (const row of lastRows.values()) row.removed = true;
      for (const [number, each] of held) lastRows.set(number, expectedRow(each));
      t.deepEqual(differences(await storedRows(ledger, account), lastRows), [], 'numbers');

      const now = await lastNight(ledger);
      if (now !== nights.at(-1)) nights.push(now);
      see(now, held);
      const expected = new Map([...histories].map(([number, { intervals }]) => [number, render(intervals)]));
      t.deepEqual(differences(await storedHistories(ledger, account), expected), [], 'history');
      for (const night of nights) {
        const then = [...histories].map(([number, { recorded }]) => {
          const latest = recorded.filter(({ at }) => at <= night).at(-1);
          return [number, latest === undefined ? '' : render(latest.intervals)] as const;
        });
        const known = new Map(then.filter(([, intervals]) => intervals !== ''));
        t.deepEqual(
          differences(await storedHistories(ledger, account, night), known),
          [],
          `recorded as of run ${night}`,
        );
      }
      t.deepEqual(await impossibilities(ledger), []);
      t.deepEqual(await leftovers(ledger), []);
      const [times] = await ledger.query<{ wrong: number }>(
        `select count(*)::int as wrong from telephone_numbers
          where first_seen_at > changed_at or removed_at < first_seen_at or (removed_at is not null and removed_at > now())`,
      );
      t.is(times?.wrong, 0);
    },
  };
}
