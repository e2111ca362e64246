import leven from 'leven';

/** The known name that a misspelt one was probably meant to be; undefined if none is near. */
export function nearestName(known: readonly string[], name: string): string | undefined {
  const [nearest] = known
    .map((each) => ({ each, distance: leven(each, name) }))
    .sort((a, b) => a.distance - b.distance);
  return nearest !== undefined && nearest.distance <= Math.max(3, name.length / 2) ? nearest.each : undefined;
}
