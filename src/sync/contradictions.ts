import type { Item } from '../dashboard/list-page.js';
import type { ListResource } from '../dashboard/resource.js';
import type { XmlValue } from '../dashboard/xml.js';
import type { ValueWarnings } from './value-warnings.js';

/**
 * Warns about fields that a list entry repeats with different values.
 *
 * @param key identifies the entry in the warning
 * @param numberField the field that may repeat, if any
 */
export function noteContradictions(
  { extra }: Item,
  { resource, key, numberField }: { resource: ListResource; key: string; numberField?: string | undefined },
  warnings: ValueWarnings,
): void {
  if (extra === undefined) return;
  for (const [name, value] of Object.entries(extra)) {
    const field = resource.aliases?.[name] ?? name;
    if (field === numberField || !resource.fields.includes(field) || !isText(value)) continue;
    noteContradiction(field, `${JSON.stringify(value)} of ${key}`, warnings);
  }
}

/** Warns about a field that is repeated with different values. */
export function noteContradiction(field: string, example: string, warnings: ValueWarnings): void {
  warnings.note(`${field} that is repeated with different values (values without a column are kept in raw)`, example);
}

function isText(value: XmlValue): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}
