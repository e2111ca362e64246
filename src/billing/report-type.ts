import { UsageError } from '../errors.js';

/** The types of report that Bandwidth documents. Others appear over time. */
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

/** What is known of the records of a type before a file of it is seen. */
export interface RecordShape {
  /** Types of its columns, by name; all others are text. */
  columns: Readonly<Record<string, ColumnType>>;
  /** When what a record tells of happened: the table is partitioned by it, and its days say which report a record is of. */
  timeColumn: string | undefined;
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
};

const unknownRecords: RecordShape = { columns: {}, timeColumn: undefined };

/** The shapes that Bandwidth documents. STMTBDR is BDR cut along the invoice. */
const shapes: ReadonlyMap<string, RecordShape> = new Map([
  ['BDR', callRecords],
  ['STMTBDR', callRecords],
  ['MDR', messageRecords],
]);

export function shapeOf(type: string): RecordShape {
  return shapes.get(type) ?? unknownRecords;
}

export function isDocumented(type: string): boolean {
  return documentedTypes.has(type);
}

/** Whether an archive of the type holds documents, which are kept and not loaded. */
export function holdsDocuments(type: string): boolean {
  return type === 'INVOICE';
}

/** What is said of a type that Bandwidth does not document. */
export function unknownTypeWarning(type: string): string {
  return `${type} is no type of report that Bandwidth documents (${[...documentedTypes].join(', ')}); it is requested all the same.`;
}

// The table of a type is named after it. Two underscores set a month off from it in the names of partitions.
const typeForm = /^[A-Z](?!.*__)[A-Z0-9_]{0,39}$/;
const takenTypes: ReadonlySet<string> = new Set(['REPORTS', 'REJECTS']);

export function isReportType(type: string): boolean {
  return typeForm.test(type) && !type.endsWith('_') && !takenTypes.has(type);
}

/** A type as a user writes it, in capitals. @throws {UsageError} for what can be no type */
export function parseReportType(text: string): string {
  const type = text.trim().toUpperCase();
  if (isReportType(type)) return type;
  throw new UsageError(`${JSON.stringify(text)} can be no type of billing report.`, {
    hint: 'A type is letters, digits and single underscores, such as BDR, MDR, INVOICE or DIDSNAP_MSG.',
  });
}

/** The table of a type's records. */
export function recordsTable(type: string): string {
  return `billing_${type.toLowerCase()}`;
}
