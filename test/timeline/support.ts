import type { CountingLedger } from '../nruf/support/ledger.js';

export const number = '9195550001';
const first = { account_id: '9900001', telephone_number: number };
const second = { account_id: '9900002', telephone_number: number };

/**
 * Tells the ledger the story of a number: ordered in January 2025, assigned in February, reserved in September, counted in a filing,
 * disconnected in March 2026 (which the ledger learns a day later), and won back by another account in April.
 */
export async function tellStory({ insert, query }: CountingLedger): Promise<void> {
  const order = (account_id: string, order_id: string, day: string) => ({
    account_id,
    order_id,
    status: 'COMPLETE',
    order_date: day,
    first_seen_at: `${day}T08:00:00Z`,
  });
  await insert('orders', [{ ...order('9900001', 'o1', '2025-01-01'), user_id: 'jsmith' }]);
  await insert('orders_numbers', [{ ...first, order_id: 'o1', first_seen_at: '2025-01-01T08:00:00Z' }]);
  await insert('order_status_changes', [
    {
      account_id: '9900001',
      order_kind: 'orders',
      order_id: 'o1',
      status_before: 'RECEIVED',
      status_after: 'COMPLETE',
      changed_at: '2025-01-03',
    },
  ]);
  await insert('number_assignment_orders', [{ ...order('9900001', 'a1', '2025-02-01'), action: 'ASSIGN' }]);
  await insert('number_assignment_order_numbers', [{ ...first, order_id: 'a1', outcome: 'ACCEPTED' }]);
  await insert('disconnects', [{ ...order('9900001', 'd1', '2026-03-01'), first_seen_at: '2026-03-02' }]);
  await insert('disconnects_numbers', [{ ...first, order_id: 'd1', first_seen_at: '2026-03-02' }]);
  await insert('disconnected_numbers', [{ ...first, order_id: 'd1', first_seen_at: '2026-03-02' }]);
  await insert('portins', [
    { ...order('9900002', 'p1', '2026-03-20'), actual_foc_date: '2026-04-01', losing_carrier_name: 'Other' },
  ]);
  await insert('portins_numbers', [{ ...second, order_id: 'p1', first_seen_at: '2026-03-20T08:00:00Z' }]);

  const details = { status: 'Inservice', state: 'NC', rate_center: 'RALEIGH' };
  await insert('telephone_numbers', [
    { ...first, ...details, first_seen_at: '2025-01-02', removed_at: '2026-03-02', changed_at: '2026-03-02' },
    { ...second, ...details, first_seen_at: '2026-04-01', changed_at: '2026-04-01' },
  ]);
  await insert('telephone_number_versions', [
    { ...first, ...details, rate_center: 'DURHAM', replaced_at: '2025-06-01' },
    { ...first, ...details, last_modified: '2025-06-01', replaced_at: '2026-03-02' },
  ]);

  const stay = { ...first, status: 'Inservice', valid_from: '2025-01-01', from_order_id: 'o1' };
  await insert('number_status_history_superseded', [
    { ...stay, recorded_from: '2025-01-02', recorded_to: '2026-03-02' },
  ]);
  await insert('number_status_history', [
    { ...stay, valid_to: '2026-03-01', to_order_id: 'd1', recorded_from: '2026-03-02' },
    { ...second, status: 'Inservice', valid_from: '2026-04-01', from_order_id: 'p1', recorded_from: '2026-04-01' },
  ]);
  const marked = { ...first, assignment_status: 'ASSIGNED', order_id: 'a1', valid_from: '2025-02-01' };
  await insert('number_assignment_history_superseded', [
    { ...marked, recorded_from: '2025-02-02', recorded_to: '2026-03-02' },
  ]);
  await insert('number_assignment_history', [{ ...marked, valid_to: '2026-03-01', recorded_from: '2026-03-02' }]);
  await insert('number_categories', [
    {
      ...first,
      category: 'reserved',
      valid_from: '2025-09-01',
      valid_to: '2025-10-01',
      note: 'Order 4711',
      overridden: false,
      residential: false,
      recorded_from: '2025-09-02',
    },
  ]);

  await insert('assignment_batches', [
    {
      account_id: '9900001',
      action: 'ASSIGN',
      file_name: 'customers.csv',
      file_sha256: '0',
      has_action_column: false,
      batch_key: 'k',
      status: 'finished',
      total_count: 1,
      created_at: '2025-02-01T00:00:00Z',
    },
  ]);
  const [{ batch_id } = {}] = await query('select batch_id from assignment_batches');
  await insert('assignment_orders', [
    {
      batch_id,
      chunk_number: 1,
      action: 'ASSIGN',
      customer_order_id: 'c1',
      order_id: 'a1',
      status: 'COMPLETE',
      number_count: 1,
      submitted_at: '2025-02-01T00:01:00Z',
      finished_at: '2025-02-01T00:05:00Z',
    },
  ]);
  await insert('assignment_numbers', [
    { batch_id, line_number: 3, telephone_number: number, chunk_number: 1, outcome: 'ACCEPTED' },
  ]);

  await fileCount({ insert, query }, { as_of: '2025-12-31', created_at: '2026-01-20' }, ['9195550']);
}

/** Adds calls and messages of the number in March and April 2025, from two reports, of which the second was loaded late. */
export async function addBilling({ insert }: Pick<CountingLedger, 'insert'>): Promise<void> {
  const report = (report_id: string, start_date: string, loaded_at: string, end_date = start_date) => ({
    ...{ account_id: first.account_id, report_id, type: 'BDR', start_date, end_date, loaded_at },
    ...{ source: 'file', requested_by: 'command', state: 'loaded' },
  });
  await insert('billing_reports', [
    report('r1', '2025-03-01', '2025-04-01T06:00:00Z', '2025-03-31'),
    report('r2', '2025-03-09', '2025-06-01T06:00:00Z'),
    report('r3', '2025-04-02', '2025-04-03T06:00:00Z'),
  ]);
  const use = (report_id: string, day: string | null, rest: Record<string, unknown>) => ({
    ...{
      ...first,
      report_id,
      day,
      direction: 'outbound',
      records: 1,
      calls: 1,
      seconds: 60,
      amount: '0.01',
      messages: 0,
    },
    ...rest,
  });
  await insert('billing_daily', [
    use('r1', '2025-03-04', { calls: 2, records: 2, seconds: 90, amount: '0.020' }),
    use('r2', '2025-03-09', {}),
    use('r3', '2025-04-02', { direction: 'inbound', calls: 0, seconds: 0, amount: '0', messages: 1 }),
  ]);
}

/** Stores a filing with these rows. */
export async function fileCount(
  { insert, query }: Pick<CountingLedger, 'insert' | 'query'>,
  filing: Record<string, unknown>,
  codes: readonly string[],
): Promise<string> {
  await insert('nruf_filings', [
    {
      form: 'u4',
      aging_days: 45,
      gaps_allowed: false,
      file_name: 'f.csv',
      content: '\\x',
      sha256: '0',
      row_count: 1,
      ...filing,
    },
  ]);
  const [{ filing_id } = { filing_id: '' }] = await query<{ filing_id: string }>(
    'select max(filing_id) as filing_id from nruf_filings',
  );
  const counts = {
    numbers_received: 1,
    assigned: 1,
    intermediate: 0,
    reserved: 0,
    aging: 0,
    administrative: 0,
    available: 0,
    undeclared: 0,
  };
  await insert(
    'nruf_filing_rows',
    codes.map((code) => ({ filing_id, code, ...counts })),
  );
  return filing_id;
}
