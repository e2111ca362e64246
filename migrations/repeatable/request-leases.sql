-- Grants a process permits to send requests of an account, so that all processes together keep the account's rate limit.
--
-- A permit that is granted at g may be used until g + v, because the process stops using it v after it began to ask. Its
-- request arrives at the API until g + v + d, where d is the time that a request takes to arrive. If the permit counts
-- until g + v + d + 60 s, then all requests that arrive within any 60 s counted at the same time: when the last of them
-- was granted. So at most per_window of them exist, even if processes use different v and different limits.
--
-- needed: permits for requests that are ready to be sent. in_advance: more permits, granted only as far as they are a
-- hundredth of what is free, so that they are never missing where permits are scarce.
-- counted_ms: v + d + 60 s. If no permit is granted, wait_ms says when to ask again.
create or replace function tn_ledger.lease_requests(
  account text, process uuid, needed integer, in_advance integer, per_window bigint, counted_ms double precision,
  out granted integer, out wait_ms double precision
) language plpgsql as $function$
declare
  slot_ms constant integer := 250;
  -- How long a process keeps its place after it should have asked again.
  grace constant interval := '2 s';
  state tn_ledger.request_permits;
  moment timestamptz;
  moment_ms double precision;
  slot bigint;
  counted integer[];
  last_index integer;
  used bigint;
  ahead bigint;
  free bigint;
begin
  -- A grant that a crash of the server undid could be granted again.
  perform set_config('synchronous_commit', 'on', true);
  select * into state from tn_ledger.request_permits p where p.account_id = account for update;
  if not found then
    insert into tn_ledger.request_permits (account_id) values (account) on conflict do nothing;
    select * into state from tn_ledger.request_permits p where p.account_id = account for update;
  end if;
  -- After the wait for the row: the time of the grant. The server's clock is the only one that permits are counted by.
  moment := clock_timestamp();
  moment_ms := extract(epoch from moment) * 1000;
  slot := floor(moment_ms / slot_ms);
  -- If the clock was set back, no permit counts longer than it did when it was granted.
  counted := state.permits[least(greatest(slot - state.first_slot, 0), cardinality(state.permits)) + 1 :];
  used := (select coalesce(sum(n), 0) from unnest(counted) n);

  delete from tn_ledger.request_waiters w where w.account_id = account and w.expires_at < moment;
  ahead := (
    select coalesce(sum(w.permits), 0) from tn_ledger.request_waiters w
     where w.account_id = account and w.process_id <> process
       and w.waiting_since < coalesce(
         (select own.waiting_since from tn_ledger.request_waiters own
           where own.account_id = account and own.process_id = process), 'infinity'));
  free := greatest(per_window - used - ahead, 0);

  if state.paused_until > moment then
    granted := 0;
    wait_ms := extract(epoch from state.paused_until - moment) * 1000;
  else
    granted := least(needed, free);
    granted := granted + least(in_advance, (free - granted) / 100);
    wait_ms := 0;
    if granted = 0 and needed > 0 then
      -- The end of the first quarter second after which enough permits are free, and at the latest of the last one.
      wait_ms := coalesce(
        (select min(s.index) from (
           select c.index, sum(c.n) over (order by c.index) as freed from unnest(counted) with ordinality c (n, index)
         ) s where s.freed > used + ahead - per_window),
        greatest(cardinality(counted), 1)) * slot_ms - (moment_ms - slot * slot_ms);
    end if;
  end if;

  if granted > 0 then
    last_index := ceil((moment_ms + counted_ms) / slot_ms) - slot;
    if last_index > cardinality(counted) then
      counted := counted || array_fill(0, array[last_index - cardinality(counted)]);
    end if;
    counted[last_index] := counted[last_index] + granted;
    update tn_ledger.request_permits p set first_slot = slot, permits = counted where p.account_id = account;
    delete from tn_ledger.request_waiters w where w.account_id = account and w.process_id = process;
  elsif needed > 0 then
    insert into tn_ledger.request_waiters as w (account_id, process_id, permits, waiting_since, expires_at)
    values (account, process, needed, moment, moment + wait_ms * interval '1 ms' + grace)
    on conflict (account_id, process_id) do update set permits = excluded.permits, expires_at = excluded.expires_at;
  end if;
end
$function$;
revoke execute on function tn_ledger.lease_requests(text, uuid, integer, integer, bigint, double precision) from public;
comment on function tn_ledger.lease_requests(text, uuid, integer, integer, bigint, double precision) is
  'Grants a process permits to send API requests of an account, or says how long to wait. For tn-ledger only: each permit counts toward the rate limit, used or not';

-- After a 429. If pauses overlap, the one that ends last counts.
create or replace function tn_ledger.pause_requests(account text, pause_ms double precision) returns void language sql as $function$
  insert into tn_ledger.request_permits as p (account_id, paused_until)
  values (account, clock_timestamp() + pause_ms * interval '1 ms')
  on conflict (account_id) do update set paused_until = greatest(p.paused_until, excluded.paused_until)
$function$;
revoke execute on function tn_ledger.pause_requests(text, double precision) from public;
comment on function tn_ledger.pause_requests(text, double precision) is
  'Grants no permits for API requests of an account for some time, because the API answered 429. For tn-ledger only';
