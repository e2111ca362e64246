/** Lines by place, such as the rows of each table as text. Their order doesn't matter; how often each occurs does. */
export type Contents = ReadonlyMap<string, readonly string[]>;

/** The lines that only one of two contents has, by place; empty if they are equal. */
export function compareContents(actual: Contents, expected: Contents): string[] {
  const differences: string[] = [];
  for (const place of new Set([...expected.keys(), ...actual.keys()])) {
    /** How many more times the actual contents have a line. */
    const surplus = new Map<string, number>();
    const count = (lines: readonly string[] = [], by: 1 | -1) => {
      for (const line of lines) surplus.set(line, (surplus.get(line) ?? 0) + by);
    };
    count(expected.get(place), -1);
    count(actual.get(place), 1);
    for (const [line, times] of surplus) {
      const what = `${place}: ${times < 0 ? 'missing' : 'extra'} ${line}`;
      differences.push(...Array.from({ length: Math.abs(times) }, () => what));
    }
  }
  return differences;
}
