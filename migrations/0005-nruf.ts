import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier, numberColumns } from './create-table.js';

const categoryColumns: Columns = {
  ...numberColumns,
  category: [
    "text not null check (category in ('administrative', 'intermediate', 'reserved', 'aging'))",
    'administrative, intermediate, reserved or aging, as defined by 47 CFR 52.15(f)(1)',
  ],
  valid_from: ['timestamptz not null', 'Start of the first day of the category, UTC'],
  valid_to: ['timestamptz', 'Start of the first day after the category, UTC; null: still valid'],
  note: ['text', 'Text given with tn-ledger classify --note'],
  overridden: [
    'boolean not null default false',
    'Whether the category was set with tn-ledger classify --override for longer than the rule allows (reserved 180 days, aging 365, residential aging 90)',
  ],
  residential: [
    'boolean not null default false',
    'Whether it is an aging number of a residential customer, which may age for at most 90 days; other numbers for 365',
  ],
  file_name: ['text', 'File that set the category'],
};

const validInterval = 'check (valid_from < valid_to)';

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'area_codes',
    comment:
      'Area codes of the North American Numbering Plan and their countries, from the npm package libphonenumber-js. tn-ledger migrate fills the table, and again after each update of the package.',
    columns: {
      npa: [identifier, 'Area code (919)'],
      country: [
        'text not null',
        'Country by ISO 3166: US, CA, JM, …; PR, VI, GU, AS and MP are territories of the United States',
      ],
      united_states: [
        'boolean not null',
        'Whether its numbers are reported to the FCC: those of the United States and its territories',
      ],
    },
    primaryKey: ['npa'],
  });

  await createTable(knex, {
    name: 'number_categories',
    comment:
      "Categories that users set (tn-ledger classify) because Bandwidth doesn't know them. One number's intervals never overlap. A category overrides the assignment status.",
    columns: {
      ...categoryColumns,
      recorded_from: [
        'timestamptz not null default now()',
        'When the category was set, or last shortened by a later one',
      ],
    },
    primaryKey: ['account_id', 'telephone_number', 'valid_from'],
    constraints: { number_categories_interval: validInterval },
    uniqueIndexes: { number_categories_open: '(account_id, telephone_number) where valid_to is null' },
  });
  await createTable(knex, {
    name: 'number_categories_superseded',
    comment:
      'Rows of number_categories that a later classification replaced or shortened, and when the ledger held them.',
    columns: {
      ...categoryColumns,
      recorded_from: ['timestamptz not null', 'When the category was recorded as it is here'],
      recorded_to: ['timestamptz not null', 'When it was replaced, exclusive'],
    },
    constraints: {
      number_categories_superseded_interval: validInterval,
      number_categories_superseded_recorded: 'check (recorded_from < recorded_to)',
    },
    indexes: { number_categories_superseded_number: '(telephone_number, account_id)' },
  });

  await createCountingTables(knex);
  await createFilingTables(knex);
}

/** The intervals that counting reads, and what shows how far they can be trusted; see repeatable/nruf-refresh.sql. */
async function createCountingTables(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'nruf_places',
    comment:
      'Where the numbers of nruf_intervals belong. Maintained by nruf_refresh(), which may leave places without numbers.',
    columns: {
      place_id: ['integer generated always as identity', 'ID of the place, as in nruf_intervals'],
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      npa_nxx_x: [`${identifier} not null`, 'Thousands-block; empty for numbers that are not NANP numbers'],
      rate_center: ['text not null', 'Rate center abbreviation; empty: unknown'],
      state: ['text not null', 'Two-letter state; empty: unknown'],
      hosted: [
        'boolean not null default false',
        'Whether the details of these numbers name another account as their owner',
      ],
      left_out: ['text', 'Why these numbers are never counted in the geographic forms; null: they are counted'],
    },
    // Counting finds places by place_id alone.
    primaryKey: ['place_id', 'account_id'],
    constraints: { nruf_places_key: 'unique (account_id, npa_nxx_x, rate_center, state, hosted)' },
  });
  await createTable(knex, {
    name: 'nruf_intervals',
    comment:
      'Days on which a number was in the inventory and counted as the same thing, made from the histories, categories, port-ins and imports so that counting need not join them. The table may lag behind them: query nruf_number_categories(), which knows what changed since.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      telephone_number: [`${identifier} not null`, 'The number, as in telephone_numbers'],
      from_day: ['date not null', 'First day (UTC) at the end of which it was so'],
      to_day: ['date not null', 'First day at the end of which it no longer was; infinity: it still is'],
      stay_from: ['date not null', 'Day on which this time in service started'],
      declared_on: ['date', 'Day of the order that set the assignment status; null if none did'],
      place_id: ['integer not null', 'Block, rate center and state, as in nruf_places'],
      declared: [
        `"char" not null check (declared in ('A', 'U', 'F', 'N'))`,
        'A: assigned; U: unassigned right after it was assigned; F: unassigned otherwise, or without a status that it once had; N: without a status so far',
      ],
      category: [
        `"char" check (category in ('i', 'r', 'g', 'm'))`,
        'Category set with tn-ledger classify: i intermediate, r reserved, g aging, m administrative; null: none',
      ],
      belongs_to_other: [
        `"char" check (belongs_to_other in ('i', 'p'))`,
        'Why the number was in a block of another carrier: i imported, p ported in; null: no import or port-in says so',
      ],
    },
    constraints: { nruf_intervals_days: 'check (from_day < to_day)' },
    indexes: { nruf_intervals_number: '(account_id, telephone_number)' },
  });
  await createTable(knex, {
    name: 'nruf_intervals_mark',
    comment: 'Accounts whose numbers are in nruf_intervals. Those of other accounts are counted from the histories.',
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      refreshed_at: ['timestamptz not null', 'When nruf_refresh() last brought the intervals up to date'],
    },
    primaryKey: ['account_id'],
  });
  await createTable(knex, {
    name: 'nruf_change_notes',
    comment:
      'Numbers whose intervals in nruf_intervals are out of date. The transaction that changed a number writes the note, and nruf_refresh() deletes it. A number may have several.',
    columns: numberColumns,
    indexes: { nruf_change_notes_number: '(account_id, telephone_number)' },
  });
  await createTable(knex, {
    name: 'nruf_shared_numbers',
    comment: 'Numbers that were ever in another account, too, as nruf_refresh() of this account found.',
    columns: numberColumns,
    primaryKey: ['account_id', 'telephone_number'],
  });
}

async function createFilingTables(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'nruf_filings',
    comment:
      'Every file that tn-ledger nruf --out wrote, byte for byte, with its parameters. Rows are never removed: the records behind a filing must be kept for five years.',
    columns: {
      filing_id: ['bigint generated always as identity', 'Number of the filing, ascending'],
      as_of: ['date not null', 'Day at the end of which (UTC) the numbers were counted'],
      form: ["text not null check (form in ('u3', 'u4'))", 'u4: by thousands-block; u3: by NPA-NXX'],
      accounts: ['text[]', 'Accounts that were counted; null: all'],
      state: ['text', 'State that the filing is limited to; null: all'],
      aging_days: ['integer not null', 'For how many days after their UNASSIGNED numbers counted as aging'],
      assignor: ['text', "Text of column J; null: the carrier that most of a row's numbers come from"],
      gaps_allowed: [
        'boolean not null',
        'Whether blanks in required columns were allowed (tn-ledger nruf --allow-gaps)',
      ],
      created_at: ['timestamptz not null default now()', 'When the filing was made, for known_at of nruf_utilization'],
      file_name: ['text not null', 'Name of the file'],
      content: ['bytea not null', 'The file, byte for byte'],
      sha256: ['text not null', 'SHA-256 of the file, hexadecimal'],
      row_count: ['integer not null', 'Number of rows, without the header'],
    },
    primaryKey: ['filing_id'],
  });
  await createTable(knex, {
    name: 'nruf_filing_rows',
    comment: 'The rows of each filing.',
    columns: {
      filing_id: ['bigint not null references tn_ledger.nruf_filings', 'The filing, as in nruf_filings'],
      code: [`${identifier} not null`, 'Column A: thousands-block (9195550) or NPA-NXX (919555)'],
      rate_center: ['text', 'Column B: rate center abbreviation'],
      state: ['text', 'Column C: state'],
      numbers_received: ['bigint not null', 'Column D: numbers received'],
      assigned: ['bigint not null', 'Column E: assigned'],
      intermediate: ['bigint not null', 'Column F: intermediate'],
      reserved: ['bigint not null', 'Column G: reserved'],
      aging: ['bigint not null', 'Column H: aging'],
      administrative: ['bigint not null', 'Column I: administrative'],
      assignor: ['text', 'Column J: notes/assignor'],
      available: ['bigint not null', 'Available, which the form computes'],
      undeclared: ['bigint not null', 'Available numbers that never had an assignment status'],
      utilization_percent: ['numeric', 'Utilization, which the form computes'],
    },
    primaryKey: ['filing_id', 'code'],
  });
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, [
    'nruf_filing_rows',
    'nruf_filings',
    'nruf_shared_numbers',
    'nruf_change_notes',
    'nruf_intervals_mark',
    'nruf_intervals',
    'nruf_places',
    'number_categories_superseded',
    'number_categories',
    'area_codes',
  ]);
}
