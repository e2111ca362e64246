import type pg from 'pg';

/**
 * Brings `number_status_history` in line with the rows of `telephone_numbers` that this transaction changed (`changed_at` is the
 * transaction's time), and answers with how many intervals were begun, moved or ended.
 *
 * Intervals are dated by the event where the API tells it: Inservice begins on the in-service date, another status with the
 * last change that the API names when the status is first seen. Where it tells nothing, they are dated by the night. An
 * interval that is changed is kept as it was in `number_status_history_superseded`.
 */
export async function reconcileStatusHistory(client: pg.ClientBase, account: string): Promise<number> {
  let intervals = 0;
  for (const statement of [
    shortenEndedIntervals,
    reviseOpenIntervals,
    beginNextIntervals,
    beginFirstIntervals,
    beginFormerService,
  ]) {
    intervals += (await client.query(statement, [account])).rowCount ?? 0;
  }
  return intervals;
}

// A number that is back with another status has it since an event that lies before the end of its last interval: that end was
// the night on which it seemed to have left (the in-service list lacked it, and the number details say Aging), and is wrong.
const shortenEndedIntervals = `
  with late as (
    select h.*, event.at
    from telephone_numbers t
    join number_status_history h on h.account_id = t.account_id and h.telephone_number = t.telephone_number
    cross join lateral (
      select case when t.status = 'Inservice' then t.in_service_date else t.last_modified end as at
    ) as event
    where t.account_id = $1 and t.changed_at = now() and t.first_seen_at < now() and t.removed_at is null
      and h.status <> t.status and event.at > h.valid_from and event.at < h.valid_to
      and not exists (
        select from number_status_history n
        where n.account_id = h.account_id and n.telephone_number = h.telephone_number and n.valid_from > h.valid_from
      )
  ),
  kept as (
    insert into number_status_history_superseded
      (account_id, telephone_number, status, valid_from, valid_to, believed_from, believed_to)
    select account_id, telephone_number, status, valid_from, valid_to, believed_since, now() from late
  )
  update number_status_history h
     set valid_to = l.at, believed_since = now()
    from late l
   where h.account_id = l.account_id and h.telephone_number = l.telephone_number and h.valid_from = l.valid_from`;

// One statement. `ends_at` and `begins_at` are what the open interval of a changed number should say:
// - the number left: it ends now (a disconnect order's date replaces this once the order is known);
// - another status: it ends with the event, if the API's date for it lies within the interval, else now;
// - still in service, but since another date: a date after all that was believed so far is a new activation, which ends the
//   old interval and begins another; any other date is a correction, and moves the begin (not into an earlier interval).
const reviseOpenIntervals = `
  with plan as materialized (
    select h.*,
      case
        when t.removed_at is not null then greatest(now(), h.valid_from + interval '1 microsecond')
        when t.status <> h.status then
          case when event.at > h.valid_from and event.at <= now() then event.at
            else greatest(now(), h.valid_from + interval '1 microsecond') end
        when t.status = 'Inservice' and t.in_service_date > greatest(h.believed_since, h.valid_from) and t.in_service_date <= now()
          then t.in_service_date
      end as ends_at,
      case
        when t.removed_at is null and t.status = h.status and t.status = 'Inservice' and t.in_service_date <= h.believed_since
          then greatest(t.in_service_date, earlier.valid_to)
        else h.valid_from
      end as begins_at
    from telephone_numbers t
    join number_status_history h
      on h.account_id = t.account_id and h.telephone_number = t.telephone_number and h.valid_to is null
    cross join lateral (
      select case when t.status = 'Inservice' then t.in_service_date else t.last_modified end as at
    ) as event
    left join lateral (
      select max(e.valid_to) as valid_to from number_status_history e
      where e.account_id = t.account_id and e.telephone_number = t.telephone_number
    ) as earlier on true
    where t.account_id = $1 and t.changed_at = now() and t.first_seen_at < now()
  ),
  revised as (
    select * from plan where ends_at is not null or begins_at <> valid_from
  ),
  kept as (
    insert into number_status_history_superseded
      (account_id, telephone_number, status, valid_from, valid_to, believed_from, believed_to)
    select account_id, telephone_number, status, valid_from, valid_to, believed_since, now() from revised
  )
  update number_status_history h
     set valid_from = r.begins_at, valid_to = r.ends_at, believed_since = now()
    from revised r
   where h.account_id = r.account_id and h.telephone_number = r.telephone_number and h.valid_from = r.valid_from`;

const beginOfInterval = `least(coalesce(case when t.status = 'Inservice' then t.in_service_date else t.last_modified end, now()), now())`;

// A number that was never seen before has no earlier interval to look for. In the key's order, see apply-numbers.ts.
const beginFirstIntervals = `
  insert into number_status_history (account_id, telephone_number, status, valid_from)
  select t.account_id, t.telephone_number, t.status, ${beginOfInterval}
  from telephone_numbers t
  where t.account_id = $1 and t.changed_at = now() and t.first_seen_at = now()
  order by t.telephone_number`;

// Any other number on the account that has no open interval gets one, never before the end of an earlier one. The look-up is
// one by number on purpose: as a join over the whole history it took minutes whenever the planner misjudged its size.
const beginNextIntervals = `
  insert into number_status_history (account_id, telephone_number, status, valid_from)
  select t.account_id, t.telephone_number, t.status, greatest(${beginOfInterval}, earlier.valid_to)
  from telephone_numbers t
  cross join lateral (
    select max(h.valid_to) as valid_to, bool_or(h.valid_to is null) as open
    from number_status_history h
    where h.account_id = t.account_id and h.telephone_number = t.telephone_number
  ) as earlier
  where t.account_id = $1 and t.changed_at = now() and t.first_seen_at < now() and t.removed_at is null
    and earlier.open is not true`;

// A number first seen with another status than Inservice was in service before, from its in-service date to its last change.
const beginFormerService = `
  insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to)
  select account_id, telephone_number, 'Inservice', in_service_date, least(last_modified, now())
  from telephone_numbers
  where account_id = $1 and changed_at = now() and first_seen_at = now() and status <> 'Inservice'
    and in_service_date < least(last_modified, now())`;
