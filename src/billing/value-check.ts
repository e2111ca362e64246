import type pg from 'pg';
import type { ColumnType } from './report-type.js';

/** Checks whether PostgreSQL accepts a value for a type. */
export interface ValueCheck {
  /** Whether it certainly does, by its format alone. */
  isCertain(type: ColumnType, value: string): boolean;
  /** Checks values with PostgreSQL that weren't checked before. */
  learn(values: readonly { type: ColumnType; value: string }[]): Promise<void>;
  /** Why PostgreSQL refuses a checked value; undefined if it accepts it. */
  refusal(type: ColumnType, value: string): string | undefined;
}

const certain: Partial<Record<ColumnType, RegExp>> = {
  integer: /^[+-]?\d{1,9}$/,
  numeric: /^[+-]?\d{1,30}(\.\d{1,30})?$/,
  // Days up to the 28th exist in every month.
  timestamptz:
    /^(19[7-9]\d|20\d\d)([-/])(0[1-9]|1[0-2])\2(0[1-9]|1\d|2[0-8])[ T](0[1-9]|1[0-2]):[0-5]\d:[0-5]\d(\.\d{1,6})?( AM| PM|Z)?$/,
};

/** Cache limit: a file whose every value is unusual must not fill memory. */
const maxCachedResults = 200_000;

/**
 * PostgreSQL decides whether it accepts a value: values that don't match a known format are checked by it, one
 * statement per batch.
 */
export async function createValueCheck(client: pg.ClientBase): Promise<ValueCheck> {
  await client.query(`
    create or replace function pg_temp.billing_refusal(value text, type text) returns text language plpgsql as $$
    begin
      case type
        when 'integer' then perform value::integer;
        when 'numeric' then perform value::numeric;
        when 'timestamptz' then perform value::timestamptz;
      end case;
      return null;
    exception when data_exception then
      return sqlerrm;
    end
    $$`);
  const known = new Map<string, string | undefined>();
  return {
    isCertain: (type, value) => certain[type]?.test(value) ?? true,
    async learn(values) {
      if (known.size > maxCachedResults) known.clear();
      const unknown = new Map(values.map((each) => [keyOf(each), each]));
      for (const key of unknown.keys()) if (known.has(key)) unknown.delete(key);
      if (unknown.size === 0) return;
      const checked = [...unknown.values()];
      const { rows } = await client.query<{ refusal: string | null }>(
        `select pg_temp.billing_refusal(value, type) as refusal
           from unnest($1::text[], $2::text[]) with ordinality as checked (value, type, place) order by place`,
        [checked.map(({ value }) => value), checked.map(({ type }) => type)],
      );
      for (const [index, each] of checked.entries()) known.set(keyOf(each), rows[index]?.refusal ?? undefined);
    },
    refusal: (type, value) => known.get(keyOf({ type, value })),
  };
}

function keyOf({ type, value }: { type: ColumnType; value: string }): string {
  return `${type} ${value}`;
}
