import { hostname } from 'node:os';
import { request } from 'undici';
import { certificateFix } from '../certificates.js';
import type { AlertSettings } from '../config.js';
import { LedgerError, messageOf } from '../errors.js';
import { isLoopback } from '../secure-url.js';
import { version } from '../version.js';
import type { Message } from './message.js';

/** A way to reach the operators. */
export interface Channel {
  name: 'webhook' | 'email';
  /**
   * Sends a message once.
   *
   * @param ledger the database, without credentials: readers may get alerts of several ledgers; undefined: it can't be opened
   * @throws if it was not accepted, see `describeSendFailure`; the message may contain the channel's secrets
   */
  send(message: Message, ledger: string | undefined): Promise<void>;
}

/** How long sending may take, in milliseconds. */
const timeoutMs = 15_000;

/** The channels that the settings name. */
export function createChannels({ webhook, email }: AlertSettings): Channel[] {
  return [
    ...(webhook === undefined ? [] : [createWebhook(webhook)]),
    ...(email === undefined ? [] : [createMailer(email)]),
  ];
}

function createWebhook({ url, format }: NonNullable<AlertSettings['webhook']>): Channel {
  return {
    name: 'webhook',
    async send(message, ledger) {
      const body = format === 'slack' ? { text: slackText(message, ledger) } : jsonBody(message, ledger);
      await post(url, JSON.stringify(body), 'application/json');
    },
  };
}

/**
 * Posts a text.
 *
 * @throws if the response isn't 2xx, or doesn't come in time. Redirects aren't followed: they could lead anywhere
 * @throws {LedgerError} if the server's certificate isn't trusted
 */
export async function post(url: string, body: string, type: string): Promise<void> {
  const { statusCode, body: response } = await request(url, {
    method: 'POST',
    body,
    headers: { 'content-type': type, 'user-agent': `tn-ledger/${version}` },
    signal: AbortSignal.timeout(timeoutMs),
  }).catch(explainCertificate);
  await response.dump();
  if (statusCode < 200 || statusCode > 299) throw new Error(`HTTP status ${statusCode}`);
}

/** https://docs.slack.dev/messaging/formatting-message-text#escaping: three characters must be escaped. */
function slackText(message: Message, ledger: string | undefined): string {
  return textOf(message, ledger).replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

function textOf(message: Message, ledger: string | undefined): string {
  return `${subjectOf(message)}\n\n${message.body}\n\n${signature(ledger)}`;
}

const subjectOf = ({ title }: Message) => `tn-ledger: ${title}`;

const signature = (ledger: string | undefined) =>
  `${ledger === undefined ? 'Reported' : `Ledger ${ledger}, reported`} by ${hostname()}.`;

/** The body with `TN_LEDGER_ALERT_FORMAT=json`, as docs/alerts.md describes it. */
function jsonBody({ event, title, body, problems = [] }: Message, ledger: string | undefined): Record<string, unknown> {
  return { event, title, body, ledger: ledger ?? null, host: hostname(), time: new Date().toISOString(), problems };
}

function createMailer({ smtpUrl, from, to }: NonNullable<AlertSettings['email']>): Channel {
  return {
    name: 'email',
    async send(message, ledger) {
      const { createTransport } = await import('nodemailer');
      const url = new URL(smtpUrl);
      const secure = url.protocol === 'smtps:';
      const transport = createTransport({
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: Number(url.port) || (secure ? 465 : 587),
        secure,
        // The password and the message must not cross a network in plain text.
        requireTLS: !secure && !isLoopback(url.hostname),
        ignoreTLS: !secure && isLoopback(url.hostname),
        ...(url.username !== '' && {
          auth: { user: decodeURIComponent(url.username), pass: decodeURIComponent(url.password) },
        }),
        connectionTimeout: timeoutMs,
        greetingTimeout: timeoutMs,
        socketTimeout: timeoutMs,
      });
      try {
        const text = `${message.body}\n\n${signature(ledger)}\n`;
        await transport.sendMail({ from, to: [...to], subject: subjectOf(message), text }).catch(explainCertificate);
      } finally {
        transport.close();
      }
    },
  };
}

/** @throws the error, as a LedgerError with the fix if the server's certificate was the reason */
function explainCertificate(error: unknown): never {
  const hint = certificateFix(error);
  if (hint === undefined) throw error;
  throw new LedgerError(`the certificate of the server is not accepted: ${messageOf(error)}`, { hint, cause: error });
}

/** Why sending failed and, if known, how to fix it, as sentences. Contains the channel's secrets until it is redacted. */
export function describeSendFailure(error: unknown): string {
  const hint = error instanceof LedgerError ? error.hint : undefined;
  return [`${messageOf(error).replace(/\.$/, '')}.`, ...(hint === undefined ? [] : [hint])].join(' ');
}
