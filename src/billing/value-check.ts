import type pg from 'pg';
import type { ColumnType } from './report-type.js';

/** Knows whether PostgreSQL takes a value for a type. */
export interface ValueCheck {
  /** Whether it certainly does, by its form alone. */
  isCertain(type: ColumnType, value: string): boolean;
  /** Asks PostgreSQL about values that it has not been asked about yet. */
  learn(values: readonly { type: ColumnType; value: string }[]): Promise<void>;
  /** Why PostgreSQL refuses a value that it was asked about; undefined where it takes it. */
  refusal(type: ColumnType, value: string): string | undefined;
}

const certain: Partial<Record<ColumnType, RegExp>> = {
  integer: /^[+-]?\d{1,9}$/,
  numeric: /^[+-]?\d{1,30}(\.\d{1,30})?$/,
  // A day up to the 28th is in every month.
  timestamptz:
    /^(19[7-9]\d|20\d\d)([-/])(0[1-9]|1[0-2])\2(0[1-9]|1\d|2[0-8])[ T](0[1-9]|1[0-2]):[0-5]\d:[0-5]\d(\.\d{1,6})?( AM| PM|Z)?$/,
};

/** Answers are remembered up to this many: a file whose every value is odd must not fill memory. */
const mostRemembered = 200_000;

/**
 * Whether PostgreSQL takes a value is PostgreSQL's to say: values of forms that are not known by heart are asked about, a batch in one
 * statement.
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
      if (known.size > mostRemembered) known.clear();
      const unknown = new Map(values.map((each) => [keyOf(each), each]));
      for (const key of unknown.keys()) if (known.has(key)) unknown.delete(key);
      if (unknown.size === 0) return;
      const asked = [...unknown.values()];
      const { rows } = await client.query<{ refusal: string | null }>(
        `select pg_temp.billing_refusal(value, type) as refusal
           from unnest($1::text[], $2::text[]) with ordinality as asked (value, type, place) order by place`,
        [asked.map(({ value }) => value), asked.map(({ type }) => type)],
      );
      for (const [index, each] of asked.entries()) known.set(keyOf(each), rows[index]?.refusal ?? undefined);
    },
    refusal: (type, value) => known.get(keyOf({ type, value })),
  };
}

function keyOf({ type, value }: { type: ColumnType; value: string }): string {
  return `${type} ${value}`;
}
