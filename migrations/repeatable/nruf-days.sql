create or replace function tn_ledger.nruf_day(moment timestamptz) returns date
  language sql immutable parallel safe as $$ select (moment at time zone 'UTC')::date $$;
comment on function tn_ledger.nruf_day(timestamptz) is 'The day (UTC) that a moment lies in';

create or replace function tn_ledger.nruf_block(number text) returns text
  language sql immutable parallel safe as $$
    select case when length(number) = 10 and number collate "C" >= '2' and ltrim(number, '0123456789') = ''
      then substr(number, 1, 7) end
  $$;
comment on function tn_ledger.nruf_block(text) is 'Thousands-block of a number, as telephone_numbers.npa_nxx_x has it; null for one that is not NANP';

create or replace function tn_ledger.nruf_left_out(block text) returns text
  language sql immutable parallel safe as $$
    select case
      when coalesce(block, '') = '' then 'not NANP'
      when substr(block, 1, 3) in ('800', '833', '844', '855', '866', '877', '888') then 'toll-free'
      when substr(block, 1, 3) = '900' then '900'
      when substr(block, 1, 3) in ('500', '521', '522', '523', '524', '525', '526', '527', '528', '529', '533', '544', '566', '577', '588')
        then '5XX'
    end
  $$;
comment on function tn_ledger.nruf_left_out(text) is
  'Why the numbers of a thousands-block are left out of the geographic forms: not NANP, toll-free, 900, 5XX (the non-geographic area codes of that form only: 503 is Oregon); null where they are not';
