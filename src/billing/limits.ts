/** What an archive may be, against archives that are made to fill memory and disks. */
export interface ArchiveLimits {
  entries: number;
  /** Uncompressed bytes to each compressed one. */
  ratio: number;
  /** Bytes of all its files, uncompressed. */
  uncompressedBytes: number;
}

export const defaultArchiveLimits: ArchiveLimits = { entries: 100, ratio: 200, uncompressedBytes: 200e9 };

/** The variables that set the limits, for errors that name what was met. */
export const limitVariables = {
  entries: 'TN_LEDGER_ARCHIVE_MAX_ENTRIES',
  ratio: 'TN_LEDGER_ARCHIVE_MAX_RATIO',
  uncompressedBytes: 'TN_LEDGER_ARCHIVE_MAX_BYTES',
} as const;
