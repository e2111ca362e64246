import type { Knex } from 'knex';
import { type Columns, createTable, dropTables, identifier } from './create-table.js';

// Breaks nothing: it makes new tables.

const account = [`${identifier} not null`, 'Bandwidth account ID'] as const;

// One sequence for both kinds, so that a number names one file.
const fileId = (comment: string) => ["bigint not null default nextval('tn_ledger.file_ids')", comment] as const;

const content: Columns = {
  file_name: ['text not null', 'Name of the file, without its folder'],
  file_sha256: [`${identifier} not null`, 'SHA-256 of its bytes, in hexadecimal'],
  byte_count: ['bigint not null', 'Its size in bytes'],
};

async function createParts(knex: Knex, name: string, files: string, comment: string): Promise<void> {
  await createTable(knex, {
    name,
    comment,
    columns: {
      account_id: account,
      file_id: ['bigint not null', `The file, as in ${files}`],
      part_number: ['integer not null', 'Position of the part in the file, from 1'],
      content: ['bytea not null', 'The bytes: 1 MiB, less in the last part'],
    },
    primaryKey: ['account_id', 'file_id', 'part_number'],
    constraints: {
      // Checked at the end of the transaction: the size and the hash of a file are known after its last part.
      [`${name}_file`]: `foreign key (account_id, file_id) references tn_ledger.${files} on delete cascade deferrable initially deferred`,
    },
  });
}

export async function up(knex: Knex): Promise<void> {
  await knex.raw('create sequence tn_ledger.file_ids');
  await createTable(knex, {
    name: 'submitted_files',
    comment: 'Files stored with tn-ledger submit, for the next run on any host to assign or classify their numbers.',
    columns: {
      account_id: account,
      file_id: fileId('Number of the file, ascending, shared with result_files'),
      purpose: ['text not null', 'What the file is for: assign or classify'],
      ...content,
      options: [
        'jsonb not null',
        'Options of the command: action, force and others for assign; category, from, to, note and others for classify',
      ],
      state: [
        "text not null default 'waiting' check (state in ('waiting', 'taken', 'done', 'failed'))",
        'waiting; taken: its batch is recorded, and orders may be open; done; failed: rejected as a whole, for the reason in error',
      ],
      batch_id: ['bigint', 'The batch, as in assignment_batches; null while waiting, and for classify'],
      error: ['text', 'Why the file was rejected as a whole; null if it was not'],
      submitted_at: ['timestamptz not null default clock_timestamp()', 'When it was stored'],
      submitted_role: ['text not null default session_user', 'Database role that stored it'],
      submitted_by: ['text not null', 'Operating system user who stored it'],
      submitted_host: ['text not null', 'Host on which it was stored'],
      finished_at: ['timestamptz', 'When it was done or failed; null before'],
      acknowledged_at: [
        'timestamptz',
        'When the failure was acknowledged (tn-ledger files acknowledge): it needs no more attention; null: it was not',
      ],
    },
    primaryKey: ['account_id', 'file_id'],
    constraints: {
      submitted_files_finished_check: `check ((state in ('done', 'failed')) = (finished_at is not null))`,
      submitted_files_error_check: `check ((state = 'failed') = (error is not null))`,
    },
    indexes: {
      submitted_files_open: `(account_id, file_id) where state in ('waiting', 'taken')`,
      submitted_files_failed: `(account_id, purpose, file_name) where state = 'failed' and acknowledged_at is null`,
      submitted_files_batch: '(account_id, batch_id) where batch_id is not null',
    },
    uniqueIndexes: {
      // A hash of the options, because an index entry has a maximum length and a note has none.
      submitted_files_waiting: `(account_id, purpose, file_sha256, hashtextextended(options::text, 0)) where state = 'waiting'`,
    },
  });
  await createParts(knex, 'submitted_file_parts', 'submitted_files', 'The content of submitted files, in parts.');
  await createTable(knex, {
    name: 'result_files',
    comment:
      'Files that runs wrote: the results of submitted files, and the latest report of each account. tn-ledger files get reads them back.',
    columns: {
      account_id: account,
      file_id: fileId('Number of the file, ascending, shared with submitted_files'),
      kind: [
        "text not null check (kind in ('report', 'results', 'rejected'))",
        'report: the HTML report; results: every line of a submitted file with its outcome; rejected: the lines of a submitted file that were rejected',
      ],
      ...content,
      submitted_file_id: ['bigint', 'The file whose results it has, as in submitted_files; null for a report'],
      batch_id: ['bigint', 'The batch whose results it has, as in assignment_batches; null: none'],
      run_id: ['bigint', 'The run that wrote the report, as in sync_runs; null for results'],
      created_at: ['timestamptz not null default clock_timestamp()', 'When it was stored'],
    },
    primaryKey: ['account_id', 'file_id'],
    constraints: {
      result_files_submitted: `foreign key (account_id, submitted_file_id) references tn_ledger.submitted_files on delete cascade`,
      result_files_report_check: `check ((kind = 'report') = (submitted_file_id is null))`,
    },
    uniqueIndexes: {
      result_files_latest_report: `(account_id) where kind = 'report'`,
      result_files_of_submitted: '(account_id, submitted_file_id, kind) where submitted_file_id is not null',
    },
  });
  await createParts(knex, 'result_file_parts', 'result_files', 'The content of result files, in parts.');
}

export async function down(knex: Knex): Promise<void> {
  await dropTables(knex, ['result_file_parts', 'result_files', 'submitted_file_parts', 'submitted_files']);
  await knex.raw('drop sequence tn_ledger.file_ids');
}
