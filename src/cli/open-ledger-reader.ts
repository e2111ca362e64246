import { jobNames } from '../../jobs/names.js';
import { connections, createLedgerReader, type LedgerReader } from '../monitoring/ledger-reader.js';
import type { Session } from './session.js';

/** Opens what monitoring reads the database with. The caller closes it. */
export function openLedgerReader({ config, log, openSeparately }: Session): LedgerReader {
  return createLedgerReader({
    open: (signal) =>
      openSeparately({
        applicationName: 'tn-ledger monitoring',
        maxConnections: connections,
        toleratesReadOnly: true,
        log: (message) => log.debug(message),
        signal,
      }),
    accounts: config.accounts,
    jobs: jobNames,
    log,
  });
}
