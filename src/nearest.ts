import leven from 'leven';
import { UsageError } from './errors.js';

/**
 * The known name closest to a misspelled one; undefined if none is close.
 *
 * @param within how many letters may differ
 */
export function nearestName(
  known: readonly string[],
  name: string,
  within = Math.max(3, name.length / 2),
): string | undefined {
  const [nearest] = known
    .map((each) => ({ each, distance: leven(each, name) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= within ? nearest.each : undefined;
}

/** Finds an item by name; throws a UsageError that suggests the closest name if there is no match. */
export function findNamed<T extends { name: string }>(things: readonly T[], name: string, kind: string): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const names = things.map((thing) => thing.name);
  const nearest = nearestName(names, name);
  throw new UsageError(`There is no ${kind} "${name}".${nearest === undefined ? '' : ` Did you mean ${nearest}?`}`, {
    hint: `Known: ${names.join(', ')}.`,
  });
}
