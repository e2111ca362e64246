import type { Item } from '../dashboard/list-page.js';
import type { ListResource } from '../dashboard/resources.js';
import type { XmlValue } from '../dashboard/xml.js';
import type { ValueWarnings } from './value-warnings.js';

/**
 * Notes the fields that an entry of a list gives more than once, with different texts.
 *
 * @param key names the entry
 * @param numberField the field that may well repeat, where there is one
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

/** Notes one field that comes more than once, with different texts. */
export function noteContradiction(field: string, example: string, warnings: ValueWarnings): void {
  warnings.note(
    `${field} that comes more than once with different values (what no column holds is kept in raw)`,
    example,
  );
}

function isText(value: XmlValue): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((each) => typeof each === 'string'));
}
