/** Collects values that don't fit their columns, to report them once per run and kind, with an example. */
export interface ValueWarnings {
  note(kind: string, example: string): void;
}

/** `sentences` returns one sentence per kind. */
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
