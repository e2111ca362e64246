import type pg from 'pg';

/** Sums of `nruf_utilization` on a day. */
export interface DayTotal {
  /** `yyyy-MM-dd`, UTC. */
  day: string;
  numbers_received: number;
  assigned: number;
  /** Two decimals; null where there are no numbers. */
  utilization_percent: string | null;
}

/**
 * The sums of `nruf_utilization(day, account)` for many days. Where `nruf_intervals` is up to date, its rows are read once for all
 * days, which for two years of months takes a tenth of the time; else each day is counted by itself.
 *
 * @param days rising, `yyyy-MM-dd`
 * @param account undefined: all accounts together
 */
export async function totalsByDay(
  client: pg.ClientBase,
  days: readonly string[],
  account: string | undefined,
): Promise<DayTotal[]> {
  const { rows: state } = await client.query(
    `select nruf_mark() is not null as made, (select count(*) from nruf_accounts()) > 1 as several`,
  );
  const { made, several } = state[0];
  const { rowCount: changed } = made
    ? await client.query('select from nruf_changed_numbers(1) limit 1')
    : { rowCount: null };
  const sums = changed === 0 ? fromIntervals(account === undefined && several) : dayByDay;
  const { rows } = await client.query(
    `select to_char(s.day, 'YYYY-MM-DD') as day, s.numbers_received::float8, s.assigned::float8,
            round(s.assigned * 100.0 / nullif(s.numbers_received, 0), 2)::text as utilization_percent
       from (${sums}) as s order by s.day`,
    [days, account ?? null],
  );
  return rows;
}

const dayByDay = `
  select d.day, coalesce(sum(u.numbers_received), 0) as numbers_received, coalesce(sum(u.assigned), 0) as assigned
  from unnest($1::date[]) as d (day) left join lateral nruf_utilization(d.day, $2) u on true group by d.day`;

/**
 * Intervals are grouped by the days, counted from 0, from which and to which they cover them, and only then spread over the days.
 * The rules are those of `nruf_numbers_sql`: a port-in ends what counts, or keeps it from ever counting; a declared category takes
 * a number from the assigned ones. Day by day are looked at, as they are few: numbers that were imported for a time, and those that
 * several accounts have, which count where their service began last.
 */
function fromIntervals(several: boolean): string {
  const index = (date: string) => `width_bucket(${date} - 1, $1::date[])`;
  const dayByDay = `(${several ? 'i.shared or ' : ''}i.telephone_number in (select telephone_number from imported))`;
  return `
  with ported as (
    select telephone_number, min(done_on) as done_on, min(ordered_on) as ordered_on from nruf_ports() where from_other_carrier group by 1
  ),
  imported as (
    select telephone_number, nruf_day(imported_at) as from_day, coalesce(nruf_day(removed_at), 'infinity') as to_day
    from imported_numbers
  ),
  categories as (
    select account_id, telephone_number, nruf_day(valid_from) as from_day, coalesce(nruf_day(valid_to), 'infinity') as to_day
    from number_categories
  ),
  held as not materialized (
    select p.account_id, i.telephone_number, i.from_day, least(i.to_day, o.done_on) as to_day, i.declared = 'A' as assigned
    from nruf_intervals i
    join nruf_places p on p.place_id = i.place_id
    left join ported o on o.telephone_number = i.telephone_number
    where p.left_out is null and ($2::text is null or p.account_id = $2)
      and i.to_day > ($1::date[])[1] and i.from_day <= ($1::date[])[cardinality($1::date[])]
      and (o.ordered_on is null or o.ordered_on > i.stay_from)
      and not ${dayByDay}
  ),
  spans as (
    select ${index('h.from_day')} as first_day, ${index('h.to_day')} as end_day,
      count(*) as numbers_received, count(*) filter (where h.assigned) as assigned
    from held h group by 1, 2
    union all
    select ${index('greatest(h.from_day, c.from_day)')}, ${index('least(h.to_day, c.to_day)')}, 0, -count(*)
    from held h join categories c on c.account_id = h.account_id and c.telephone_number = h.telephone_number
      and c.from_day < h.to_day and c.to_day > h.from_day
    where h.assigned group by 1, 2
    union all
    select n - 1, n, count(*), count(*) filter (where x.assigned)
    from (
      select distinct on (d.n, i.telephone_number) d.n,
        p.left_out is null and o.telephone_number is null and not exists (
          select from imported m where m.telephone_number = i.telephone_number and m.from_day <= d.day and m.to_day > d.day) as counts,
        i.declared = 'A' and not exists (
          select from categories c where c.account_id = p.account_id and c.telephone_number = i.telephone_number
            and c.from_day <= d.day and c.to_day > d.day) as assigned
      from unnest($1::date[]) with ordinality as d (day, n)
      join nruf_intervals i on ${dayByDay} and i.from_day <= d.day and i.to_day > d.day
      join nruf_places p on p.place_id = i.place_id and ($2::text is null or p.account_id = $2)
      left join ported o on o.telephone_number = i.telephone_number and (o.done_on <= d.day or o.ordered_on <= i.stay_from)
      order by d.n, i.telephone_number, i.stay_from desc, p.account_id
    ) as x where x.counts group by n
  )
  select d.day, coalesce(sum(s.numbers_received), 0) as numbers_received, coalesce(sum(s.assigned), 0) as assigned
  from unnest($1::date[]) with ordinality as d (day, n)
  left join spans s on s.first_day < d.n and s.end_day >= d.n
  group by d.day`;
}
