// The expected histories, life by life, when everything about a number is known, derived from what really happened. Nothing here
// depends on how the product computes them. Times are microseconds since 1970.

/** A number's stay on the account, from the order that added it to the order that removed it. */
export interface KnownLife {
  /** The in-service date, as the number details gave it in some run. */
  toldDate: bigint | undefined;
  /** The date of the order that added it, if known. */
  ordered: bigint | undefined;
  /** The date of the order that removed it, once complete. */
  out: bigint | undefined;
  /** The statuses that runs saw. */
  seen: ReadonlyMap<number, string>;
  /** The assignment marks in this life, by date. */
  marks: readonly { action: 'ASSIGN' | 'UNASSIGN'; at: bigint; orderId: string }[];
}

export interface Span {
  status: string;
  from: bigint;
  to: bigint | undefined;
}

/** The status history after these runs. */
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
    // It ends when the number is added again, or with the run that no longer sees it. A number that was ordered by
    // then was no longer Aging, even if it arrived later.
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

/** The assignment history: each change of the assignment status in a life, until the number is disconnected. */
export function expectedAssignments(lives: readonly KnownLife[]): (Span & { orderId: string })[] {
  return lives.flatMap(({ marks, out }) => {
    const last = marks.filter(({ at }, index) => at !== marks[index + 1]?.at);
    const changes = last.filter(({ action }, index) => action !== last[index - 1]?.action);
    return changes.map(({ action, at, orderId }, index) => ({
      status: `${action}ED`,
      orderId,
      from: at,
      to: changes[index + 1]?.at ?? out,
    }));
  });
}

/** The expected `telephone_numbers.assignment_status`; undefined if the number has no row because no run saw it. */
export function expectedAssignmentStatus(lives: readonly KnownLife[]): string | null | undefined {
  if (lives.every(({ seen }) => seen.size === 0)) return undefined;
  const last = expectedAssignments(lives).at(-1);
  return last !== undefined && last.to === undefined ? last.status : null;
}

export function renderSpan({ status, from, to }: Span): string {
  return `${status} ${from}-${to ?? ''}`;
}
