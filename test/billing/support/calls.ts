/** A row of a BDR file. */
export interface Call {
  at?: string;
  type?: string;
  from?: string;
  to?: string;
  seconds?: number;
  amount?: string;
}

/** A BDR file with the columns that are rolled up. */
export function callsCsv(...calls: Call[]): string {
  const lines = calls.map(
    ({ at = '2026/10/03 01:02:03 PM', type = 'INTERSTATE', from = '', to = '', seconds = 60, amount = '0.5' }) =>
      `${at},${type},${from},${to},${seconds},${amount}`,
  );
  return ['CallStartDateTime,CallType,CallSource,CallDestination,Duration,Amount', ...lines, ''].join('\n');
}
