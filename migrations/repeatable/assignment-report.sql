-- Compares each account's latest loaded assignment report with the ledger's own assignment status: one row per number that differs.
--
-- Bandwidth makes a report at some time between the request and when it is found ready. A number differs only if the ledger agrees
-- with the report at no time in between: a number that an order marked meanwhile proves nothing. The ledger's past is taken as it is
-- known now, so late news about an order can settle a difference.
--
-- difference is one of:
--   assigned in the ledger only   the ledger says ASSIGNED, the report UNASSIGNED
--   assigned in the report only   the report says ASSIGNED; in the ledger the number is UNASSIGNED, or was never marked
--   status not understood         the report's status is unknown, or its lines contradict each other
--   not in the inventory          the report lists a number that the account didn't have
--   not in the report             the account had the number all the time, and the report doesn't list it. That is no evidence of
--                                 its status: Bandwidth doesn't document that the report is complete
create or replace function tn_ledger.assignment_report_differences(account text default null)
  returns table (account_id text, telephone_number text, difference text, ledger_status text, report_status text, order_id text,
    ledger_since timestamptz)
  -- Without statistics, the planner expects one row of each side and compares all pairs of numbers.
  language sql stable set enable_nestloop = off set jit = off
as $$
  with report as materialized (
    select r.account_id, least(r.requested_at, r.created_at) as from_time,
      greatest(r.requested_at, r.created_at, r.ready_at) as to_time
    from tn_ledger.assignment_reports r
    where r.state = 'loaded'
      and (account is null or r.account_id in (select btrim(a) from unnest(string_to_array(account, ',')) a))
  ),
  -- throughout: at the beginning and at the end. A number without it came or went meanwhile.
  held as (
    select h.account_id, h.telephone_number,
      bool_or(h.valid_from <= r.from_time) and bool_or(h.valid_to is null or h.valid_to > r.to_time) as throughout
    from report r
    join tn_ledger.number_status_history h
      on h.account_id = r.account_id and h.valid_from <= r.to_time and (h.valid_to is null or h.valid_to > r.from_time)
    where tn_ledger.nruf_in_inventory(h.status)
    group by 1, 2
  ),
  assigned as (
    select a.account_id, a.telephone_number,
      bool_or(a.valid_from <= r.from_time and (a.valid_to is null or a.valid_to > r.to_time)) as throughout
    from report r
    join tn_ledger.number_assignment_history a
      on a.account_id = r.account_id and a.valid_from <= r.to_time and (a.valid_to is null or a.valid_to > r.from_time)
    where a.assignment_status = 'ASSIGNED'
    group by 1, 2
  ),
  listed as (
    select n.account_id, n.telephone_number, n.assignment_status, n.given_status
    from report r join tn_ledger.assignment_report_numbers n on n.account_id = r.account_id
  ),
  compared as (
    select account_id, telephone_number, l.given_status,
      case
        when l.given_status is null then case when h.throughout then 'not in the report' end
        when h.throughout is null then 'not in the inventory'
        when l.assignment_status is null then 'status not understood'
        when l.assignment_status = 'ASSIGNED' and a.throughout is null then 'assigned in the report only'
        when l.assignment_status = 'UNASSIGNED' and a.throughout then 'assigned in the ledger only'
      end as difference
    from listed l
    full join held h using (account_id, telephone_number)
    left join assigned a using (account_id, telephone_number)
  )
  select c.account_id, c.telephone_number, c.difference, m.assignment_status, c.given_status, m.order_id, m.valid_from
  from compared c
  join report r on r.account_id = c.account_id
  left join lateral (
    select a.assignment_status, a.order_id, a.valid_from from tn_ledger.number_assignment_history a
    where a.account_id = c.account_id and a.telephone_number = c.telephone_number
      and a.valid_from <= r.to_time and (a.valid_to is null or a.valid_to > r.from_time)
    order by a.valid_from desc limit 1) m on true
  where c.difference is not null
$$;
comment on function tn_ledger.assignment_report_differences(text) is
  'Numbers whose assignment status in Bandwidth''s latest loaded report differs from the ledger''s own at the time of the report: assigned in the ledger only, assigned in the report only, status not understood, not in the inventory, not in the report (which is no evidence of its status). account: one or several, comma-separated; null: all.';
