/** The variables that set the limits of an archive, for error messages. */
export const limitVariables = {
  entries: 'TN_LEDGER_ARCHIVE_MAX_ENTRIES',
  ratio: 'TN_LEDGER_ARCHIVE_MAX_RATIO',
  uncompressedBytes: 'TN_LEDGER_ARCHIVE_MAX_SIZE',
} as const;
