/** Parses an option that may be repeated. Command definitions load this file, so it imports nothing. */
export const collect = (value: string, before: string[]): string[] => [...before, value];
