import type { ExecutionContext } from 'ava';
import {
  expectedAssignmentStatus,
  expectedAssignments,
  expectedStatuses,
  type KnownLife,
  renderSpan,
} from './expected-histories.js';
import { differences, expectedRow, storedRows } from './expected-numbers.js';
import { impossibilities, micros, storedHistories } from './history-model.js';
import { account, type Ledger } from './ledger.js';
import { SandboxLives } from './sandbox-lives.js';

const epoch = (column: string) => `(extract(epoch from ${column}) * 1000000)::bigint::text`;

/** Checks the histories of a ledger over several runs against the sandbox's own state. */
export interface HistoryWatch {
  /**
   * Runs a nightly run, which must succeed, and compares the histories, including those recorded after each earlier run.
   * @param before called before the run that completes: it may start and kill runs
   */
  night(t: ExecutionContext, before?: () => Promise<void>): Promise<void>;
  /** The numbers’ lives so far, to show that a test covers its cases. */
  lives(): KnownLife[][];
}

export function watchHistories(ledger: Ledger): HistoryWatch {
  const held = ledger.sandbox.account(account);
  const lives = new SandboxLives(held, () => ledger.sandbox.clock.now());
  const nights: bigint[] = [];
  const recorded: { at: bigint; histories: Map<string, string> }[] = [];

  async function compare(t: ExecutionContext): Promise<void> {
    const all = lives.all();
    const statuses = await storedHistories(ledger, account);
    t.deepEqual(
      differences(
        statuses,
        expectations(all, (each) => expectedStatuses(each, nights)),
      ),
      [],
      'statuses',
    );
    const assignments = expectations(all, (each) =>
      expectedAssignments(each).map((span) => ({ ...span, status: `${span.status} ${span.orderId}` })),
    );
    t.deepEqual(differences(await storedAssignments(ledger), assignments), [], 'assignments');
    const latest = [...all].flatMap(([number, each]) => {
      const status = expectedAssignmentStatus(each);
      return status === undefined ? [] : ([[number, status]] as const);
    });
    t.deepEqual(
      differences(await storedDeclarations(ledger), new Map(latest)),
      [],
      'telephone_numbers.assignment_status',
    );
    const rows = [...held.numbers()].map((number) => {
      const status = expectedAssignmentStatus(all.get(number.telephoneNumber) ?? []) ?? null;
      return [number.telephoneNumber, { ...expectedRow(number), assignment_status: status }] as const;
    });
    t.deepEqual(differences(await storedRows(ledger, account, 'removed_at is null'), new Map(rows)), [], 'numbers');
    t.deepEqual(differences(await storedDisconnects(ledger), expectedDisconnects()), [], 'disconnected_numbers');
    t.deepEqual(await impossibilities(ledger), []);
    for (const { at, histories } of recorded) {
      t.deepEqual(differences(await storedHistories(ledger, account, at), histories), [], `as recorded at ${at}`);
    }
    const [row] = await ledger.query<{ at: string }>(`select ${epoch('now()')} as at`);
    recorded.push({ at: BigInt(row?.at ?? 0), histories: statuses });
  }

  /** The latest disconnect order by number. */
  function expectedDisconnects(): Map<string, string> {
    const latest = new Map<string, string>();
    for (const { orderId, orderDate, numbers } of [...held.disconnects()].sort((a, b) => +a.orderDate - +b.orderDate)) {
      for (const { telephoneNumber, outcome } of numbers) {
        if (outcome === 'DISCONNECTED') latest.set(telephoneNumber, `${orderId} ${micros(orderDate)}`);
      }
    }
    return latest;
  }

  return {
    async night(t, before = async () => undefined) {
      lives.night();
      await before();
      const report = await ledger.run('nightly');
      t.is(report.result, 'succeeded', report.error?.message);
      nights.push(await lastSnapshot(ledger));
      await compare(t);
    },
    lives: () => [...lives.all().values()],
  };
}

function expectations(
  all: ReadonlyMap<string, readonly KnownLife[]>,
  spansOf: (lives: readonly KnownLife[]) => Parameters<typeof renderSpan>[0][],
): Map<string, string> {
  const rendered = [...all].map(([number, lives]) => [number, spansOf(lives).map(renderSpan).join(', ')] as const);
  return new Map(rendered.filter(([, line]) => line !== ''));
}

type Line = { number: string; line: string };

async function linesOf(ledger: Ledger, sql: string): Promise<Map<string, string>> {
  const rows = await ledger.query<Line>(sql, [account]);
  return new Map(rows.map(({ number, line }) => [number, line]));
}

function storedAssignments(ledger: Ledger): Promise<Map<string, string>> {
  return linesOf(
    ledger,
    `select telephone_number as number, string_agg(assignment_status || ' ' || order_id || ' ' || ${epoch('valid_from')}
       || '-' || coalesce(${epoch('valid_to')}, ''), ', ' order by valid_from) as line
     from number_assignment_history where account_id = $1 group by 1`,
  );
}

function storedDeclarations(ledger: Ledger): Promise<Map<string, string | null>> {
  return linesOf(
    ledger,
    'select telephone_number as number, assignment_status as line from telephone_numbers where account_id = $1',
  );
}

function storedDisconnects(ledger: Ledger): Promise<Map<string, string>> {
  return linesOf(
    ledger,
    `select telephone_number as number, order_id || ' ' || ${epoch('disconnected_at')} as line
     from disconnected_numbers where account_id = $1 and order_id is not null`,
  );
}

/** When the number details last changed the ledger. */
async function lastSnapshot(ledger: Ledger): Promise<bigint> {
  const [row] = await ledger.query<{ at: string }>(
    `select ${epoch('greatest((select max(first_seen_at) from telephone_numbers), (select max(replaced_at) from telephone_number_versions))')} as at`,
  );
  return BigInt(row?.at ?? 0);
}
