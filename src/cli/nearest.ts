import leven from 'leven';
import { UsageError } from '../errors.js';

/** Finds what the user named; throws a UsageError that suggests the nearest name where there is none of that name. */
export function findNamed<T extends { name: string }>(things: readonly T[], name: string, kind: string): T {
  const found = things.find((thing) => thing.name === name);
  if (found !== undefined) return found;
  const names = things.map((thing) => thing.name);
  const byDistance = names
    .map((known) => ({ known, distance: leven(known, name) }))
    .sort((a, b) => a.distance - b.distance);
  const nearest = byDistance[0];
  const isNear = nearest !== undefined && nearest.distance <= Math.max(3, name.length / 2);
  throw new UsageError(`There is no ${kind} "${name}".${isNear ? ` Did you mean ${nearest.known}?` : ''}`, {
    hint: `Known: ${names.join(', ')}.`,
  });
}
