import type { Knex } from 'knex';

// Breaks nothing: it makes new tables and adds columns that are null at first.

export async function up(knex: Knex): Promise<void> {
  await knex.raw(`
    create table tn_ledger.telephone_number_versions (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      status text not null,
      city text,
      state text,
      rate_center text,
      lata text,
      tier text,
      vendor_id text,
      vendor_name text,
      in_service_date timestamptz,
      last_modified timestamptz,
      removed_at timestamptz,
      replaced_at timestamptz not null,
      primary key (account_id, telephone_number, replaced_at)
    );
    create index telephone_number_versions_replaced_at on tn_ledger.telephone_number_versions (replaced_at);
    comment on table tn_ledger.telephone_number_versions is
      'What a row of telephone_numbers said before a night changed it. It said so since the replaced_at of the version before, the first since first_seen_at of the number. Details that were merely unknown before leave no version.';
    comment on column tn_ledger.telephone_number_versions.account_id is 'Bandwidth account that held the number';
    comment on column tn_ledger.telephone_number_versions.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.telephone_number_versions.status is 'status as it was';
    comment on column tn_ledger.telephone_number_versions.city is 'city as it was';
    comment on column tn_ledger.telephone_number_versions.state is 'state as it was';
    comment on column tn_ledger.telephone_number_versions.rate_center is 'rate_center as it was';
    comment on column tn_ledger.telephone_number_versions.lata is 'lata as it was';
    comment on column tn_ledger.telephone_number_versions.tier is 'tier as it was';
    comment on column tn_ledger.telephone_number_versions.vendor_id is 'vendor_id as it was';
    comment on column tn_ledger.telephone_number_versions.vendor_name is 'vendor_name as it was';
    comment on column tn_ledger.telephone_number_versions.in_service_date is 'in_service_date as it was';
    comment on column tn_ledger.telephone_number_versions.last_modified is 'last_modified as it was';
    comment on column tn_ledger.telephone_number_versions.removed_at is 'removed_at as it was: where it is set, the number was gone in this time, and is back since replaced_at';
    comment on column tn_ledger.telephone_number_versions.replaced_at is 'When a night found that this is no longer so';
  `);
  await seedVersions(knex);
  await knex.raw(`
    alter table tn_ledger.number_status_history
      add column from_order_id text collate "C",
      add column to_order_id text collate "C";
    alter table tn_ledger.number_status_history_superseded
      add column from_order_id text collate "C",
      add column to_order_id text collate "C";
    create index number_status_history_from_order on tn_ledger.number_status_history (account_id, from_order_id)
      where from_order_id is not null;
    create index number_status_history_to_order on tn_ledger.number_status_history (account_id, to_order_id)
      where to_order_id is not null;
    comment on column tn_ledger.number_status_history.from_order_id is 'Order that dates the begin: a number order or port-in, or the disconnect or port-out that a status after service begins with; null where the number itself or the night does';
    comment on column tn_ledger.number_status_history.to_order_id is 'Disconnect order or port-out that dates the end; null where the number itself or the night does';
    comment on column tn_ledger.number_status_history_superseded.from_order_id is 'Order that was believed to date the begin';
    comment on column tn_ledger.number_status_history_superseded.to_order_id is 'Order that was believed to date the end';

    create table tn_ledger.number_assignment_history (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      assignment_status text not null check (assignment_status in ('ASSIGNED', 'UNASSIGNED')),
      order_id text collate "C" not null,
      valid_from timestamptz not null,
      valid_to timestamptz,
      believed_since timestamptz not null default now(),
      primary key (account_id, telephone_number, valid_from),
      check (valid_to > valid_from)
    );
    create index number_assignment_history_order on tn_ledger.number_assignment_history (account_id, order_id);
    comment on table tn_ledger.number_assignment_history is
      'What was declared to Bandwidth about each number, and from when until when it held, as believed now. The intervals of one number never overlap; the last one ends when the number leaves the account.';
    comment on column tn_ledger.number_assignment_history.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.number_assignment_history.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.number_assignment_history.assignment_status is 'ASSIGNED or UNASSIGNED';
    comment on column tn_ledger.number_assignment_history.order_id is 'Assignment order that declared it, as in number_assignment_orders; the first one where it was declared again';
    comment on column tn_ledger.number_assignment_history.valid_from is 'When that order was placed';
    comment on column tn_ledger.number_assignment_history.valid_to is 'When the number was declared otherwise, or left the account, exclusive; null: still';
    comment on column tn_ledger.number_assignment_history.believed_since is 'When tn-ledger came to believe this';

    create table tn_ledger.number_assignment_history_superseded (
      account_id text collate "C" not null,
      telephone_number text collate "C" not null,
      assignment_status text not null,
      order_id text collate "C" not null,
      valid_from timestamptz not null,
      valid_to timestamptz,
      believed_from timestamptz not null,
      believed_to timestamptz not null
    );
    create index number_assignment_history_superseded_number
      on tn_ledger.number_assignment_history_superseded (account_id, telephone_number);
    comment on table tn_ledger.number_assignment_history_superseded is
      'What number_assignment_history said before later news replaced it, and when it was believed.';
    comment on column tn_ledger.number_assignment_history_superseded.account_id is 'Bandwidth account that holds the number';
    comment on column tn_ledger.number_assignment_history_superseded.telephone_number is 'The number, as in telephone_numbers';
    comment on column tn_ledger.number_assignment_history_superseded.assignment_status is 'ASSIGNED or UNASSIGNED';
    comment on column tn_ledger.number_assignment_history_superseded.order_id is 'Assignment order that was believed to declare it';
    comment on column tn_ledger.number_assignment_history_superseded.valid_from is 'Begin of the interval as it was believed';
    comment on column tn_ledger.number_assignment_history_superseded.valid_to is 'End of the interval as it was believed; null: open';
    comment on column tn_ledger.number_assignment_history_superseded.believed_from is 'Since when it was believed';
    comment on column tn_ledger.number_assignment_history_superseded.believed_to is 'Until when it was believed';

    create index disconnected_numbers_order on tn_ledger.disconnected_numbers (account_id, order_id)
      where order_id is not null;

    create table tn_ledger.order_status_changes (
      account_id text collate "C" not null,
      order_kind text not null,
      order_id text collate "C" not null,
      status_before text,
      status_after text,
      changed_at timestamptz not null
    );
    create index order_status_changes_order on tn_ledger.order_status_changes (account_id, order_id);
    create index order_status_changes_changed_at on tn_ledger.order_status_changes (changed_at);
    comment on table tn_ledger.order_status_changes is
      'Every change of an order''s status that tn-ledger saw; what happened between two nights shows as one.';
    comment on column tn_ledger.order_status_changes.account_id is 'Bandwidth account';
    comment on column tn_ledger.order_status_changes.order_kind is 'Table that holds the order: orders, disconnects, portins, portouts or number_assignment_orders';
    comment on column tn_ledger.order_status_changes.order_id is 'The order';
    comment on column tn_ledger.order_status_changes.status_before is 'Its status before';
    comment on column tn_ledger.order_status_changes.status_after is 'Its status from then on';
    comment on column tn_ledger.order_status_changes.changed_at is 'When tn-ledger saw it';
  `);
}

/** What earlier nights replaced, as far as the history that they left tells it. */
async function seedVersions(knex: Knex): Promise<void> {
  await knex.raw(`
    insert into tn_ledger.telephone_number_versions
      (account_id, telephone_number, status, in_service_date, last_modified, removed_at, replaced_at)
    select account_id, telephone_number, status,
      case when status = 'Inservice' then valid_from end, case when status <> 'Inservice' then valid_from end, gone_at, replaced_at
    from (
      select h.*, t.first_seen_at,
        lead(h.valid_from) over (partition by h.account_id, h.telephone_number order by h.valid_from) as next_from
      from tn_ledger.number_status_history h join tn_ledger.telephone_numbers t using (account_id, telephone_number)
    ) as interval
    cross join lateral (
      values (null, valid_to), (valid_to, nullif(next_from, valid_to))
    ) as version (gone_at, replaced_at)
    where replaced_at > first_seen_at
    on conflict do nothing
  `);
}

export async function down(knex: Knex): Promise<void> {
  await knex.raw(`
    drop table tn_ledger.order_status_changes;
    drop index tn_ledger.disconnected_numbers_order;
    drop table tn_ledger.number_assignment_history_superseded;
    drop table tn_ledger.number_assignment_history;
    alter table tn_ledger.number_status_history drop column from_order_id, drop column to_order_id;
    alter table tn_ledger.number_status_history_superseded drop column from_order_id, drop column to_order_id;
    drop table tn_ledger.telephone_number_versions;
  `);
}
