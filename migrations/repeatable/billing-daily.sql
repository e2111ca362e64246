create or replace function tn_ledger.ledger_number_of_digits(digits text) returns text
  language sql immutable parallel safe
as $$
  select case
    when digits ~ '^[2-9]\d{9}$|^(011)?1[2-9]\d{9}$' then right(digits, 10)
    when digits ~ '^011[1-9]\d{6,14}$' then '+' || substr(digits, 4)
    when digits ~ '^[1-9]\d{10,14}$' then '+' || digits
    when digits ~ '^\d{3,15}$' then digits
  end
$$;
comment on function tn_ledger.ledger_number_of_digits(text) is
  'ledger_number for digits: of a NANP number, of an international number without + or with 011 before it, or of a short code, which stays as it is';

create or replace function tn_ledger.ledger_number_of_text(spelling text) returns text
  language sql immutable parallel safe
as $$
  select case
    when plain ~ '^\+1[2-9]\d{9}$' then right(plain, 10)
    when plain ~ '^\+[1-9]\d{6,14}$' then plain
    else tn_ledger.ledger_number_of_digits(plain)
  end
  from (select translate(
    regexp_replace(regexp_replace(replace(spelling, '%2B', '+'), '^(.*<)?\s*((sips?|tel):)?(//)?', '', 'i'), '[@;?>].*$', ''),
    E' \t\r\n().-/', '')) as stripped (plain)
$$;
comment on function tn_ledger.ledger_number_of_text(text) is
  'ledger_number for anything but digits: a leading +, SIP and tel addresses, and punctuation';

-- Inlined into queries, with its argument: the usual spellings take one regular expression and no call, for a load has millions.
create or replace function tn_ledger.ledger_number(spelling text) returns text
  language sql immutable parallel safe
as $$
  select coalesce(substring(spelling from '^(?:[+]?1)?([2-9][0-9]{9})$'), tn_ledger.ledger_number_of_text(spelling))
$$;
comment on function tn_ledger.ledger_number(text) is
  'A number as billing records spell it (+19195551234, 19195551234, sip:+19195551234@host, tel:+1-919-555-1234) in the form of telephone_numbers; null if it is not a number (anonymous)';

create or replace function tn_ledger.billing_is_inbound(kind text) returns boolean
  language sql immutable parallel safe
as $$
  select case
    when kind in ('INTERSTATE', 'INTRASTATE', 'INTERNATIONAL', 'LOCAL', 'OUTBOUND', 'outbound') then false
    when kind in ('INBOUND', 'inbound', 'TOLL-FREE ORIGINATION', 'TOLL_FREE') then true
    else coalesce(upper(kind) ~ 'INBOUND|ORIGINATION|TOLL[ _-]?FREE|^WVO' and upper(kind) !~ 'OUTBOUND|TERMINATION', false)
  end
$$;
comment on function tn_ledger.billing_is_inbound(text) is
  'Whether records of a kind (billing_bdr.call_type, billing_mdr.call_direction) are billed to their destination: inbound and toll-free ones. All others count as outbound, which are billed to their source. Bandwidth documents INBOUND and OUTBOUND for messages, and for calls no complete list: TOLL-FREE ORIGINATION, INTERSTATE and INFORMATION are its examples';
