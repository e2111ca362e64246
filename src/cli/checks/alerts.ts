import { createChannels } from '../../alerts/channels.js';
import type { Message } from '../../alerts/message.js';
import { LedgerError, messageOf } from '../../errors.js';
import type { ApiSession } from '../session.js';
import { databaseIfOpen } from './database.js';
import { type CheckReport, ok, skipped } from './report.js';

const message: Message = {
  event: 'test',
  title: 'test message',
  body: 'This is a test message of `tn-ledger check --alerts`. Alerts about failed runs arrive here.',
};

/** Sends a test message to every channel for alerts, one check per channel. */
export async function checkAlerts(report: CheckReport, session: ApiSession): Promise<void> {
  const channels = createChannels(session.config.alerts);
  if (channels.length === 0) {
    await report.check('alerts', () =>
      skipped('none are configured; set TN_LEDGER_ALERT_WEBHOOK, or TN_LEDGER_ALERT_SMTP_URL and TN_LEDGER_ALERT_TO'),
    );
  }
  const ledger = (await databaseIfOpen(session))?.describe;
  for (const channel of channels) {
    await report.check(`alerts by ${channel.name}`, async () => {
      await channel.send(message, ledger).catch((error: unknown) => {
        const settings = channel.name === 'webhook' ? 'TN_LEDGER_ALERT_WEBHOOK' : 'the TN_LEDGER_ALERT_ settings';
        const hint = error instanceof LedgerError ? error.hint : undefined;
        throw new LedgerError(`the test message was not accepted: ${session.redact(messageOf(error))}.`, {
          hint: hint ?? `Check ${settings}.`,
        });
      });
      return ok('a test message was sent');
    });
  }
}
