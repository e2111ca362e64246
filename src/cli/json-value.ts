import pg from 'pg';

const { builtins } = pg.types;

const numbers = new Set<number>([
  builtins.INT2,
  builtins.INT4,
  builtins.INT8,
  builtins.OID,
  builtins.FLOAT4,
  builtins.FLOAT8,
  builtins.NUMERIC,
]);

/** Element types by array type, from PostgreSQL's catalog `pg_type`; arrays of other types are printed as text. */
const elementTypes = new Map<number, number>([
  [1000, builtins.BOOL],
  [1005, builtins.INT2],
  [1007, builtins.INT4],
  [1016, builtins.INT8],
  [1028, builtins.OID],
  [1021, builtins.FLOAT4],
  [1022, builtins.FLOAT8],
  [1231, builtins.NUMERIC],
  [1115, builtins.TIMESTAMP],
  [1185, builtins.TIMESTAMPTZ],
  [199, builtins.JSON],
  [3807, builtins.JSONB],
  [1002, builtins.CHAR],
  [1003, builtins.TEXT], // name[]
  [1009, builtins.TEXT],
  [1014, builtins.BPCHAR],
  [1015, builtins.VARCHAR],
  [1182, builtins.DATE],
  [2951, builtins.UUID],
]);

const textArray = 1009 as typeof builtins.TEXT; // missing from the driver's types

/** Splits PostgreSQL's text form of an array into the text of its elements, at any depth. */
const splitArray: (text: string) => NestedTexts = pg.types.getTypeParser(textArray);
type NestedTexts = (string | null | NestedTexts)[];

/** Whether values of the type are numbers, which are right-aligned in tables and unquoted in JSON. */
export function isNumeric(type: number): boolean {
  return numbers.has(type);
}

/**
 * Converts a value in PostgreSQL's text form to JSON like PostgreSQL's own `to_json`. Avoids JavaScript values, which would
 * lose digits of numbers and fractions of seconds.
 */
export function toJson(text: string | null, type: number): string {
  if (text === null) return 'null';
  const elementType = elementTypes.get(type);
  // An array with lower bounds other than 1 starts with the bounds. JSON can't represent them, so it stays text.
  if (elementType !== undefined && text.startsWith('{')) return arrayToJson(splitArray(text), elementType);
  if (isNumeric(type)) return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text) ? text : JSON.stringify(text); // NaN, Infinity
  switch (type) {
    case builtins.BOOL:
      return text === 't' ? 'true' : 'false';
    case builtins.JSON:
    case builtins.JSONB:
      return text;
    case builtins.TIMESTAMP:
      return JSON.stringify(text.replace(' ', 'T'));
    case builtins.TIMESTAMPTZ:
      return JSON.stringify(text.replace(' ', 'T').replace(/\+00$/, 'Z')); // sessions are in UTC
    default:
      return JSON.stringify(text);
  }
}

function arrayToJson(elements: NestedTexts, type: number): string {
  return `[${elements.map((element) => (Array.isArray(element) ? arrayToJson(element, type) : toJson(element, type))).join(',')}]`;
}
