create or replace function tn_ledger.nruf_day(moment timestamptz) returns date
  language sql immutable parallel safe as $$ select (moment at time zone 'UTC')::date $$;
comment on function tn_ledger.nruf_day(timestamptz) is 'UTC day of a time';

create or replace function tn_ledger.nruf_block(number text) returns text
  language sql immutable parallel safe as $$
    select case when length(number) = 10 and number collate "C" >= '2' and ltrim(number, '0123456789') = ''
      then substr(number, 1, 7) end
  $$;
comment on function tn_ledger.nruf_block(text) is 'Thousands-block of a number, as in telephone_numbers.npa_nxx_x; null if the number is not NANP';

create or replace function tn_ledger.nruf_in_inventory(status text) returns boolean
  language sql immutable parallel safe as $$ select status in ('Inservice', 'InAccount') $$;
comment on function tn_ledger.nruf_in_inventory(text) is
  'Whether a number with this status is in the inventory: live (Inservice), or on the account and not yet live (InAccount)';

create or replace function tn_ledger.nruf_in_united_states(state text) returns boolean
  language sql immutable parallel safe as $$
    select case
      when state in (
        'AL', 'AK', 'AZ', 'AR', 'CA', 'CO', 'CT', 'DE', 'DC', 'FL', 'GA', 'HI', 'ID', 'IL', 'IN', 'IA', 'KS', 'KY', 'LA', 'ME',
        'MD', 'MA', 'MI', 'MN', 'MS', 'MO', 'MT', 'NE', 'NV', 'NH', 'NJ', 'NM', 'NY', 'NC', 'ND', 'OH', 'OK', 'OR', 'PA', 'RI',
        'SC', 'SD', 'TN', 'TX', 'UT', 'VT', 'VA', 'WA', 'WV', 'WI', 'WY', 'PR', 'VI', 'GU', 'AS', 'MP') then true
      when state in ('AB', 'BC', 'MB', 'NB', 'NL', 'NS', 'NT', 'NU', 'ON', 'PE', 'QC', 'SK', 'YT') then false
    end
  $$;
comment on function tn_ledger.nruf_in_united_states(text) is
  'true for a two-letter state or territory of the United States, false for a province of Canada, null for any other text';

create or replace function tn_ledger.nruf_left_out(block text, npa_in_united_states boolean, state text, hosted boolean) returns text
  language sql immutable parallel safe as $$
    select case
      when coalesce(block, '') = '' then 'not NANP'
      when substr(block, 1, 3) in ('800', '833', '844', '855', '866', '877', '888') then 'toll-free'
      when substr(block, 1, 3) = '900' then '900'
      when substr(block, 1, 3) in (
        '500', '521', '522', '523', '524', '525', '526', '527', '528', '529', '532', '533', '544', '566', '577', '588') then '5XX'
      when not coalesce(npa_in_united_states, tn_ledger.nruf_in_united_states(state), true) then 'not United States'
      when hosted then 'hosted'
    end
  $$;
comment on function tn_ledger.nruf_left_out(text, boolean, text, boolean) is
  'Why the numbers of a thousands-block are left out of the geographic forms on every date: not NANP, toll-free, 900, 5XX (only the non-geographic area codes that begin with 5: 503 is Oregon), not United States (by area_codes; by the state if the area code is not in it), hosted; null if they are not left out';
