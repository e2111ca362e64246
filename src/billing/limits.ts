/** The variables that set the limits, for error messages. */
export const limitVariables = {
  entries: 'TN_LEDGER_ARCHIVE_MAX_ENTRIES',
  ratio: 'TN_LEDGER_ARCHIVE_MAX_RATIO',
  uncompressedBytes: 'TN_LEDGER_ARCHIVE_MAX_SIZE',
  bytesPerSecond: 'TN_LEDGER_MIN_DOWNLOAD_RATE',
  extraMs: 'TN_LEDGER_DOWNLOAD_TIMEOUT',
} as const;
