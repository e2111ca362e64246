import { UsageError } from '../errors.js';

/** The report types that Bandwidth documents. New ones appear over time. */
const documentedTypes: ReadonlySet<string> = new Set([
  'BDR',
  'MDR',
  'INVOICE',
  'STMTBDR',
  'DIDSNAP',
  'DIDSNAP_MSG',
  'RECORDINGBDR',
  'RECORDINGSTMTBDR',
  'TRANSCRIPTIONBDR',
  'TRANSCRIPTIONSTMTBDR',
  'CNAMBDR',
  'CNAMSTMTBDR',
  'CONFBDR',
  'CONFSTMTBDR',
  'UNPROVISIONED_CALLS_BDR',
]);

export type ColumnType = 'text' | 'integer' | 'numeric' | 'timestamptz';

/** What is known about the records of a type before a file is read. */
export interface RecordShape {
  /** Column types by name; all other columns are text. */
  columns: Readonly<Record<string, ColumnType>>;
  /**
   * Column with the time of the event: the table is partitioned by it, and its days determine which report a record
   * belongs to.
   */
  timeColumn: string | undefined;
  /** The columns that `billing_daily` is rolled up from; undefined: records of the type aren't rolled up. */
  rollUp?: RollUpColumns;
}

export interface RollUpColumns {
  count: 'calls' | 'messages';
  source: string;
  destination: string;
  /** Determines which of the two a record is billed to (`billing_is_inbound`). */
  kind: string;
  /** Integer. */
  seconds?: string;
  /** Numeric. */
  amount?: string;
}

const callRecords: RecordShape = {
  columns: {
    call_start_date_time: 'timestamptz',
    call_end_date_time: 'timestamptz',
    duration: 'integer',
    per_min_rate: 'numeric',
    amount: 'numeric',
    rate_attempts: 'integer',
  },
  timeColumn: 'call_start_date_time',
};

const messageRecords: RecordShape = {
  columns: { time_stamp: 'timestamptz' },
  timeColumn: 'time_stamp',
  rollUp: { count: 'messages', source: 'source_tn', destination: 'destination_tn', kind: 'call_direction' },
};

/** Not for STMTBDR: its calls are those of BDR again, split by invoice, and would count twice. */
const callColumns: RollUpColumns = {
  count: 'calls',
  source: 'call_source',
  destination: 'call_destination',
  kind: 'call_type',
  seconds: 'duration',
  amount: 'amount',
};

const unknownRecords: RecordShape = { columns: {}, timeColumn: undefined };

/** The documented record shapes. STMTBDR is BDR split by invoice. */
const shapes: ReadonlyMap<string, RecordShape> = new Map([
  ['BDR', { ...callRecords, rollUp: callColumns }],
  ['STMTBDR', callRecords],
  ['MDR', messageRecords],
]);

export function shapeOf(type: string): RecordShape {
  return shapes.get(type) ?? unknownRecords;
}

/** The types whose records are rolled up. */
export const rolledUpTypes: readonly string[] = [...shapes].filter(([, { rollUp }]) => rollUp).map(([type]) => type);

export function isDocumented(type: string): boolean {
  return documentedTypes.has(type);
}

/** Whether archives of the type contain documents, which are kept and not loaded. */
export function holdsDocuments(type: string): boolean {
  return type === 'INVOICE';
}

/** The warning for a type that Bandwidth doesn't document. */
export function unknownTypeWarning(type: string): string {
  return `${type} isn't a report type that Bandwidth documents (${[...documentedTypes].join(', ')}); it is requested anyway.`;
}

// The table of a type is named after it. In partition names, two underscores separate it from the month.
const typePattern = /^[A-Z](?!.*__)[A-Z0-9_]{0,39}$/;
const reservedTypes: ReadonlySet<string> = new Set(['REPORTS', 'REJECTS', 'DAILY']);

export function isReportType(type: string): boolean {
  return typePattern.test(type) && !type.endsWith('_') && !reservedTypes.has(type);
}

/** Parses a type as a user writes it, and returns it in capitals. @throws {UsageError} if it can't be a type */
export function parseReportType(text: string): string {
  const type = text.trim().toUpperCase();
  if (isReportType(type)) return type;
  throw new UsageError(`${JSON.stringify(text)} isn't a valid billing report type.`, {
    hint: 'Use letters, digits and single underscores, such as BDR, MDR, INVOICE or DIDSNAP_MSG.',
  });
}

/** Returns the name of a type's records table. */
export function recordsTable(type: string): string {
  return `billing_${type.toLowerCase()}`;
}
