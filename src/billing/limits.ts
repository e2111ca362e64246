export type { ArchiveLimits } from '../config.js';

/** The variables that set the limits, for errors that name what was met. */
export const limitVariables = {
  entries: 'TN_LEDGER_ARCHIVE_MAX_ENTRIES',
  ratio: 'TN_LEDGER_ARCHIVE_MAX_RATIO',
  uncompressedBytes: 'TN_LEDGER_ARCHIVE_MAX_SIZE',
} as const;
