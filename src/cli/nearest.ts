import { UsageError } from '../errors.js';
import { nearestName } from '../nearest.js';

/** Finds what the user named; throws a UsageError that suggests the nearest name where there is none of that name. */
export function findNamed<T extends { name: string }>(things: readonly T[], name: string, kind: string): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const names = things.map((thing) => thing.name);
  const nearest = nearestName(names, name);
  throw new UsageError(`There is no ${kind} "${name}".${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`, {
    hint: `Known: ${names.join(', ')}.`,
  });
}
