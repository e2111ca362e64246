/** Collects values that fit no column, to be told once a run, by kind, with an example. */
export interface ValueWarnings {
  note(kind: string, example: string): void;
}

/** `sentences` tells what was noted, a sentence a kind. */
export function collectWarnings(): ValueWarnings & { sentences(): string[] } {
  const kinds = new Map<string, { count: number; example: string }>();
  return {
    note(kind, example) {
      const known = kinds.get(kind);
      if (known === undefined) kinds.set(kind, { count: 1, example });
      else known.count += 1;
    },
    sentences: () => [...kinds].map(([kind, { count, example }]) => `${count} × ${kind}, such as ${example}`),
  };
}
