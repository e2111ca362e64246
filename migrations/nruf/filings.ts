import type { Knex } from 'knex';

/** What was exported for a filing, to be shown and compared for as long as its records must be kept (five years), and longer. */
export async function createFilings(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.nruf_filings (
      filing_id bigint generated always as identity primary key,
      as_of date not null,
      form text not null check (form in ('u3', 'u4')),
      accounts text[],
      state text,
      aging_days integer not null,
      assignor text,
      gaps_allowed boolean not null,
      created_at timestamptz not null default now(),
      file_name text not null,
      content bytea not null,
      sha256 text not null,
      row_count integer not null
    );
    create index nruf_filings_as_of on tn_ledger.nruf_filings (as_of);
    comment on table tn_ledger.nruf_filings is
      'Every file that tn-ledger nruf --out wrote, byte for byte, with what it was made from. Nothing ever removes a row: records behind a filing are kept five years.';
    comment on column tn_ledger.nruf_filings.filing_id is 'Number of the filing, rising';
    comment on column tn_ledger.nruf_filings.as_of is 'Day at whose end (UTC) the numbers were counted';
    comment on column tn_ledger.nruf_filings.form is 'u4: by thousands-block; u3: by NPA-NXX';
    comment on column tn_ledger.nruf_filings.accounts is 'Accounts that were counted; null: all there were';
    comment on column tn_ledger.nruf_filings.state is 'The state that it is confined to; null: all';
    comment on column tn_ledger.nruf_filings.aging_days is 'For how many days after their UNASSIGNED numbers counted as aging';
    comment on column tn_ledger.nruf_filings.assignor is 'Text of column J; null: the carrier that most of a row''s numbers come from';
    comment on column tn_ledger.nruf_filings.gaps_allowed is 'Whether it might have blanks in required columns (--allow-gaps)';
    comment on column tn_ledger.nruf_filings.created_at is 'When it was made: known_at of nruf_utilization takes it';
    comment on column tn_ledger.nruf_filings.file_name is 'Name of the file that was written';
    comment on column tn_ledger.nruf_filings.content is 'The file, byte for byte';
    comment on column tn_ledger.nruf_filings.sha256 is 'SHA-256 of the file, in hexadecimal digits';
    comment on column tn_ledger.nruf_filings.row_count is 'How many rows it has, the header not counted';

    create table tn_ledger.nruf_filing_rows (
      filing_id bigint not null references tn_ledger.nruf_filings,
      code text collate "C" not null,
      rate_center text,
      state text,
      numbers_received bigint not null,
      assigned bigint not null,
      intermediate bigint not null,
      reserved bigint not null,
      aging bigint not null,
      administrative bigint not null,
      assignor text,
      available bigint not null,
      undeclared bigint not null,
      utilization_percent numeric,
      primary key (filing_id, code)
    );
    comment on table tn_ledger.nruf_filing_rows is 'The rows of each filing.';
    comment on column tn_ledger.nruf_filing_rows.filing_id is 'The filing, as in nruf_filings';
    comment on column tn_ledger.nruf_filing_rows.code is 'Column A: thousands-block (9195550) or NPA-NXX (919555)';
    comment on column tn_ledger.nruf_filing_rows.rate_center is 'Column B: rate center abbreviation';
    comment on column tn_ledger.nruf_filing_rows.state is 'Column C: state';
    comment on column tn_ledger.nruf_filing_rows.numbers_received is 'Column D: numbers received';
    comment on column tn_ledger.nruf_filing_rows.assigned is 'Column E: assigned';
    comment on column tn_ledger.nruf_filing_rows.intermediate is 'Column F: intermediate';
    comment on column tn_ledger.nruf_filing_rows.reserved is 'Column G: reserved';
    comment on column tn_ledger.nruf_filing_rows.aging is 'Column H: aging';
    comment on column tn_ledger.nruf_filing_rows.administrative is 'Column I: administrative';
    comment on column tn_ledger.nruf_filing_rows.assignor is 'Column J: notes/assignor';
    comment on column tn_ledger.nruf_filing_rows.available is 'Available, which the form computes';
    comment on column tn_ledger.nruf_filing_rows.undeclared is 'Those of the available ones that nobody ever declared';
    comment on column tn_ledger.nruf_filing_rows.utilization_percent is 'Utilization, which the form computes';
  `);
}

export async function dropFilings(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table tn_ledger.nruf_filing_rows;
    drop table tn_ledger.nruf_filings;
  `);
}
