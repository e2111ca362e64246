// What the histories must say, life by life, once all is known about a number: worked out from what really happened. Nothing here
// knows how the product comes to it. Times are microseconds since 1970.

/** One time of a number on the account, from the order that brought it to the order that took it away. */
export interface KnownLife {
  /** Since when it was in service, as the number details told some night. */
  toldDate: bigint | undefined;
  /** The date of the order that brought it, where one is known. */
  ordered: bigint | undefined;
  /** The date of the order that took it away, once that is done. */
  out: bigint | undefined;
  /** As what nights saw it. */
  seen: ReadonlyMap<number, string>;
  /** What was declared in this life, by date. */
  declared: readonly { action: 'ASSIGN' | 'UNASSIGN'; at: bigint; orderId: string }[];
}

export interface Span {
  status: string;
  from: bigint;
  to: bigint | undefined;
}

/** The status history after these nights. */
export function expectedStatuses(lives: readonly KnownLife[], nights: readonly bigint[]): Span[] {
  const spans: Span[] = [];
  const begins = lives.map((life) => beginOf(life, nights));
  for (const [index, life] of lives.entries()) {
    const from = begins[index];
    if (from !== undefined) spans.push({ status: 'Inservice', from, to: life.out });
    const aged = [...life.seen].findLast(([, status]) => status === 'Aging')?.[0];
    if (aged === undefined || life.out === undefined) continue;
    const next = lives[index + 1];
    const absent = nights.findIndex((_, night) => night > aged && !lives.some(({ seen }) => seen.has(night)));
    // It ends with what brings the number in again, or with the night that does not see it any more. One that was ordered by
    // then was not Aging any more, even if it came later.
    const gone = absent < 0 ? undefined : nights[absent];
    const again = begins[index + 1];
    const until = gone !== undefined && next?.ordered !== undefined && next.ordered < gone ? next.ordered : gone;
    const to = again !== undefined && (gone === undefined || again < gone) ? again : until;
    spans.push({ status: 'Aging', from: life.out, to });
  }
  return spans;
}

function beginOf({ toldDate, ordered, seen }: KnownLife, nights: readonly bigint[]): bigint | undefined {
  if (seen.size > 0 && toldDate !== undefined) return toldDate;
  if (ordered !== undefined) return ordered;
  const first = [...seen].find(([, status]) => status === 'Inservice')?.[0];
  return first === undefined ? undefined : nights[first];
}

/** The assignment history: within a life each change of what is declared, until the number is given back. */
export function expectedAssignments(lives: readonly KnownLife[]): (Span & { orderId: string })[] {
  return lives.flatMap(({ declared, out }) => {
    const last = declared.filter(({ at }, index) => at !== declared[index + 1]?.at);
    const changes = last.filter(({ action }, index) => action !== last[index - 1]?.action);
    return changes.map(({ action, at, orderId }, index) => ({
      status: `${action}ED`,
      orderId,
      from: at,
      to: changes[index + 1]?.at ?? out,
    }));
  });
}

/** What `telephone_numbers.assignment_status` must say; undefined where the number has no row, because no night saw it. */
export function expectedAssignmentStatus(lives: readonly KnownLife[]): string | null | undefined {
  if (lives.every(({ seen }) => seen.size === 0)) return undefined;
  const last = expectedAssignments(lives).at(-1);
  return last !== undefined && last.to === undefined ? last.status : null;
}

export function renderSpan({ status, from, to }: Span): string {
  return `${status} ${from}-${to ?? ''}`;
}
