import { certificateFix } from '../certificates.js';
import { messageOf } from '../errors.js';
import { backoffMs, type RetryPolicy, sleep } from '../retry.js';
import type { Token, TokenRequest } from './authorization.js';
import { BrokenBodyError, UnavailableError } from './errors.js';
import type { ClientEvent } from './events.js';
import { ExchangeFailure, exchange, type ResponseBody, readBody, type Wire, wireOptions } from './exchange.js';
import type { ServerClock } from './server-clock.js';

export interface TokenRequesterOptions {
  wire: Wire;
  policy: RetryPolicy;
  signal: AbortSignal;
  clock: ServerClock;
  onEvent: (event: ClientEvent) => void;
}

/**
 * Creates the function that fetches a token. Token requests bypass the account queues and aren't counted. Retries
 * network errors, 408, 429, 5xx, and broken responses; passes any other response to the parser.
 */
export function createTokenRequester(options: TokenRequesterOptions): (request: TokenRequest) => Promise<Token> {
  const { wire, policy, signal, clock, onEvent } = options;
  return async ({ url, headers, body, parse }) => {
    const startedAt = performance.now();
    for (let tries = 1; ; tries += 1) {
      const failure = await attempt();
      if (!('reason' in failure)) {
        return failure.token;
      }
      const certificate = certificateFix(failure.cause);
      if (tries >= policy.tries || performance.now() - startedAt >= policy.totalMs || certificate !== undefined) {
        throw new UnavailableError(
          `${url.origin}${url.pathname} returned no token in ${tries} tries: ${failure.reason}`,
          {
            cause: failure.cause,
            hint:
              certificate ??
              'Check the connection and BANDWIDTH_TOKEN_URL. If both are correct, Bandwidth is down: try again later.',
          },
        );
      }
      const waitMs = backoffMs(policy, tries);
      onEvent({ type: 'token-retry', attempt: tries, waitMs, reason: failure.reason });
      await sleep(waitMs, signal);
    }

    async function attempt(): Promise<{ token: Token } | { reason: string; cause?: unknown }> {
      try {
        const response: ResponseBody = await exchange({
          ...wireOptions(wire, url, signal),
          method: 'POST',
          headers: { ...headers, 'accept-encoding': 'gzip', 'user-agent': wire.userAgent },
          body,
          consume: (streamed) => {
            clock.note(streamed);
            return readBody(streamed, wire.maxBodyBytes);
          },
        });
        if (response.status === 408 || response.status === 429 || response.status >= 500) {
          return { reason: `status ${response.status}` };
        }
        return { token: parse(response) };
      } catch (cause) {
        if (cause instanceof BrokenBodyError || cause instanceof ExchangeFailure) {
          return { reason: messageOf(cause), cause: cause instanceof ExchangeFailure ? cause.cause : cause };
        }
        throw cause;
      }
    }
  };
}
