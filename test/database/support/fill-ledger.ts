import type pg from 'pg';

/** Number of rows that `fillLedger` adds to each growing table. */
export const filledRows = 10_000;

/**
 * Fills growing tables with the data of many quiet years: removed numbers, closed orders, successful runs. None of it
 * affects the next run.
 */
export async function fillLedger(pool: pg.Pool, account: string): Promise<void> {
  await pool.query(fill.replaceAll(':account', `'${account}'`).replaceAll(':rows', String(filledRows)));
  // One statement each, because vacuum can't run in a transaction.
  await pool.query('vacuum analyze');
}

const orders = (name: string, columns = '', values = '') => `
  insert into ${name} (account_id, order_id, status, order_date, last_modified_date, details_at, details_status, details_modified_date,
      first_seen_at, changed_at${columns})
    select :account, 'filled-' || i, 'COMPLETE', at, at, seen, 'COMPLETE', at, seen, seen${values} from filled;`;

const numbers = (name: string, columns = '', values = '') => `
  insert into ${name} (account_id, order_id, telephone_number${columns})
    select :account, 'filled-' || i, number${values} from filled;`;

const fill = `
  create temp table filled as
    select i, (3035550000 + i)::text collate "C" as number, at, at + interval '1 hour' as seen, at + interval '200 days' as ended
      from (select i, timestamptz '2015-01-01' + i * interval '2 hours' as at from generate_series(1, :rows) i) as rows;
  insert into telephone_numbers (account_id, telephone_number, status, state, rate_center, in_service_date, first_seen_at, removed_at, changed_at)
    select :account, number, 'Inservice', 'CO', 'DENVER', at, seen, ended, ended from filled;
  insert into telephone_number_versions (account_id, telephone_number, status, state, rate_center, in_service_date, replaced_at)
    select :account, number, 'Inservice', 'CO', 'DENVER', at, ended from filled;
  insert into number_status_history (account_id, telephone_number, status, valid_from, valid_to, from_order_id, to_order_id, recorded_from)
    select :account, number, 'Inservice', at, ended, 'filled-' || i, 'filled-' || i, ended from filled;
  insert into number_status_history_superseded (account_id, telephone_number, status, valid_from, recorded_from, recorded_to)
    select :account, number, 'Inservice', at, seen, ended from filled;
  insert into number_assignment_history (account_id, telephone_number, assignment_status, order_id, valid_from, valid_to, recorded_from)
    select :account, number, 'ASSIGNED', 'filled-' || i, at, ended, ended from filled;
  insert into number_assignment_history_superseded (account_id, telephone_number, assignment_status, order_id, valid_from, recorded_from, recorded_to)
    select :account, number, 'ASSIGNED', 'filled-' || i, at, seen, ended from filled;
  insert into number_location_history (account_id, telephone_number, site_id, sip_peer_id, tn_attributes, valid_from, valid_to)
    select :account, number, '3001', '500001', '{}', at, ended from filled;
  insert into number_events (account_id, telephone_number, event_number, event_at, status, order_id, order_type, order_date, recorded_from)
    select :account, number, 1, at, 'Inservice', 'filled-' || i, 'NEW_NUMBER_ORDER', at, seen from filled;
  insert into unexplained_moves (account_id, telephone_number, kind, moved_at, after_at, found_at, read_at, event_at, order_id, order_type)
    select :account, number, 'departure', ended, at, ended, ended, ended, 'filled-' || i, 'MOVE' from filled;
  insert into number_categories (account_id, telephone_number, category, valid_from, valid_to, recorded_from)
    select :account, number, 'reserved', at, seen, seen from filled;
  insert into number_categories_superseded (account_id, telephone_number, category, valid_from, recorded_from, recorded_to)
    select :account, number, 'reserved', at, at, seen from filled;
  insert into disconnected_numbers (account_id, telephone_number, disconnected_at, order_id, first_seen_at, changed_at)
    select :account, number, ended, 'filled-' || i, ended, ended from filled;
  ${orders('orders')}
  ${numbers('orders_numbers', ', first_seen_at', ', seen')}
  ${orders('disconnects')}
  ${numbers('disconnects_numbers', ', first_seen_at', ', seen')}
  ${orders('portins')}
  ${numbers('portins_numbers', ', first_seen_at', ', seen')}
  insert into order_history (account_id, order_kind, order_id, event_number, occurred_at, status, author, note, free_text, first_seen_at)
    select :account, 'portins', 'filled-' || i, 1, at, 'COMPLETE', 'System', null, 'left out', seen from filled;
  insert into order_history_reads (account_id, order_kind, order_id, part, tried_at, read_at, result, status, last_modified_date, is_final)
    select :account, 'portins', 'filled-' || i, part, seen, seen, 'listed', 'COMPLETE', at, true
      from filled cross join unnest(array['history', 'notes']) as part;
  ${orders('portouts')}
  ${numbers('portouts_numbers', ', first_seen_at', ', seen')}
  ${orders('number_assignment_orders', ', action', `, 'ASSIGN'`)}
  ${numbers('number_assignment_order_numbers', ', outcome', `, 'ACCEPTED'`)}
  ${orders('import_tn_orders')}
  ${numbers('import_tn_orders_numbers', ', outcome', `, 'ACCEPTED'`)}
  ${orders('external_tns', ', action', `, 'IMPORT'`)}
  ${numbers('external_tns_numbers', ', outcome', `, 'ACCEPTED'`)}
  ${orders('remove_imported_tn_orders')}
  ${numbers('remove_imported_tn_orders_numbers', ', outcome', `, 'ACCEPTED'`)}
  insert into order_status_changes (account_id, order_kind, order_id, status_before, status_after, changed_at)
    select :account, 'orders', 'filled-' || i, 'RECEIVED', 'COMPLETE', seen from filled;
  insert into assignment_batches (account_id, action, file_name, file_sha256, has_action_column, batch_key, status, total_count,
      created_at, finished_at)
    select :account, 'ASSIGN', i || '.csv', i, false, i, 'finished', 1, at, seen from filled;
  insert into assignment_orders (batch_id, chunk_number, action, customer_order_id, order_id, status, number_count, submitted_at, finished_at)
    select b.batch_id, 1, 'ASSIGN', 'filled-' || f.i, 'filled-' || f.i, 'COMPLETE', 1, at, seen
      from filled f join assignment_batches b on b.file_sha256 = f.i::text;
  insert into assignment_numbers (batch_id, line_number, telephone_number, chunk_number, outcome)
    select b.batch_id, 1, f.number, 1, 'ACCEPTED' from filled f join assignment_batches b on b.file_sha256 = f.i::text;
  insert into billing_reports (account_id, report_id, type, start_date, end_date, source, requested_by, state, status, requested_at,
      loaded_at, rolled_up_at)
    select :account, 'filled-' || i, 'BDR', day, day, 'bdrs', 'night', 'loaded', 'COMPLETED', at, seen, seen
      from (select *, date '2025-12-31' - :rows + i as day from filled) as days;
  insert into sync_runs (run_id, job, account_id, started_at, finished_at, status, changes_until)
    overriding system value
    select i - :rows - 1, (array['nightly', 'sync-orders', 'sync-disconnects', 'sync-portins', 'write-report'])[1 + i % 5], :account, at, seen,
      'succeeded', at from filled;
  drop table filled`;
