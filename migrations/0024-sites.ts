import type { Knex } from 'knex';
import { createTable, dropTables, identifier, numberColumns } from './create-table.js';

// Breaks nothing: it makes new tables, and columns that earlier versions leave null.

const attributesComment =
  'Attributes of the number at Bandwidth, sorted, such as External and Imported (numbers of another carrier), Hosted, Protected';

const columnsOfNumbers = {
  site_id: [identifier, 'Sub-account (site) that the number is in, as in sites; null: unknown, or none'],
  sip_peer_id: [
    identifier,
    'Location (SIP peer) that the number is at, as in sip_peers; null: unknown, or none. A number that left the account keeps its last one; one that came back has none until sync-sites finds it',
  ],
  tn_attributes: [
    'text[]',
    `${attributesComment}. Empty: it has none. Null: unknown, which is no evidence that it has none`,
  ],
  location_settings: [
    'jsonb',
    "What else the location's list says about the number (CallingNameDisplay, MessagingSettings). CallForward is only true: the number that calls are forwarded to may be an end user's. Empty: nothing. Null: unknown",
  ],
} as const;

const seen = {
  first_seen_at: ['timestamptz not null default now()', 'When tn-ledger first stored it'],
  removed_at: [
    'timestamptz',
    'When tn-ledger found that the account no longer has it; null while it does. The row is kept',
  ],
  changed_at: ['timestamptz not null default now()', 'When tn-ledger last changed this row'],
} as const;

export async function up(knex: Knex): Promise<void> {
  await createTable(knex, {
    name: 'sites',
    comment: "The account's sub-accounts, which the API calls sites.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      site_id: [`${identifier} not null`, "Bandwidth's ID of the sub-account"],
      name: ['text', 'Its name'],
      description: ['text', 'Its description'],
      raw: ['jsonb', 'Other fields, without names of customers and addresses; null if there are none'],
      ...seen,
    },
    primaryKey: ['account_id', 'site_id'],
  });
  await createTable(knex, {
    name: 'sip_peers',
    comment: "Locations of the account's sub-accounts, which the API calls SIP peers.",
    columns: {
      account_id: [`${identifier} not null`, 'Bandwidth account ID'],
      sip_peer_id: [`${identifier} not null`, "Bandwidth's ID of the location"],
      site_id: [`${identifier} not null`, 'Sub-account that it belongs to, as in sites'],
      name: ['text', 'Its name'],
      description: ['text', 'Its description'],
      is_default: ['boolean', "Whether numbers ordered for the sub-account go here; null: Bandwidth doesn't say"],
      number_count: ['bigint not null', 'How many numbers it has, according to totaltns and the list of its numbers'],
      raw: ['jsonb', 'Other fields, without street addresses; null if there are none'],
      ...seen,
    },
    primaryKey: ['account_id', 'sip_peer_id'],
    indexes: { sip_peers_site: '(account_id, site_id)' },
  });
  await createTable(knex, {
    name: 'number_location_history',
    comment:
      "Where each number was over time, and its attributes. Bandwidth doesn't say when a number moved: an interval begins when tn-ledger found it so, and ends when it found it otherwise, or gone. So valid_from and valid_to are also when the ledger recorded the start and the end.",
    columns: {
      ...numberColumns,
      site_id: [identifier, 'Sub-account, as in sites; null: none was known'],
      sip_peer_id: [identifier, 'Location, as in sip_peers; null: none was known'],
      tn_attributes: ['text[]', `${attributesComment}. Empty: it had none. Null: unknown`],
      valid_from: ['timestamptz not null', 'When tn-ledger first found it so'],
      valid_to: ['timestamptz', 'When tn-ledger found it otherwise, exclusive; null: it still is so'],
    },
    primaryKey: ['account_id', 'telephone_number', 'valid_from'],
    constraints: { number_location_history_interval: 'check (valid_from < valid_to)' },
    indexes: {
      number_location_history_number: '(telephone_number)',
      number_location_history_other_carrier: `(telephone_number) where tn_attributes && '{External,Imported}'`,
    },
    uniqueIndexes: { number_location_history_open: '(account_id, telephone_number) where valid_to is null' },
  });
  await knex.raw(
    [
      `alter table tn_ledger.telephone_numbers ${Object.entries(columnsOfNumbers)
        .map(([name, [type]]) => `add column ${name} ${type}`)
        .join(', ')}`,
      ...Object.entries(columnsOfNumbers).map(
        ([name, [, comment]]) =>
          `comment on column tn_ledger.telephone_numbers.${name} is '${comment.replaceAll("'", "''")}'`,
      ),
      `comment on column tn_ledger.telephone_numbers.changed_at is
        'When tn-ledger last changed this row, except for its location and attributes (number_location_history)'`,
    ].join(';\n'),
  );
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(
    `alter table tn_ledger.telephone_numbers ${Object.keys(columnsOfNumbers)
      .map((name) => `drop column ${name}`)
      .join(', ')};
     comment on column tn_ledger.telephone_numbers.changed_at is 'When tn-ledger last changed this row'`,
  );
  await dropTables(knex, ['number_location_history', 'sip_peers', 'sites']);
}
