import { messageOf } from '../errors.js';
import type { ClientEvent } from './client.js';
import { BrokenBodyError, UnavailableError } from './errors.js';
import { ExchangeFailure, exchange, type ResponseBody, readBody } from './exchange.js';
import { backoffMs, type RetryPolicy, sleep } from './retry.js';
import type { Token, TokenRequest } from './token.js';
import { type Wire, wireOptions } from './wire.js';

export interface TokenRequesterOptions {
  wire: Wire;
  policy: RetryPolicy;
  signal: AbortSignal;
  onEvent: (event: ClientEvent) => void;
}

/**
 * Makes the function that fetches a token. It is no request of an account: it waits in no lane, and counts for none.
 * Network errors, 408, 429, 5xx and broken answers are tried again; anything else is the parser's to judge.
 */
export function createTokenRequester(options: TokenRequesterOptions): (request: TokenRequest) => Promise<Token> {
  const { wire, policy, signal, onEvent } = options;
  return async ({ url, headers, body, parse }) => {
    const startedAt = performance.now();
    for (let tries = 1; ; tries += 1) {
      const failure = await attempt();
      if (!('reason' in failure)) {
        return failure.token;
      }
      if (tries >= policy.tries || performance.now() - startedAt >= policy.totalMs) {
        throw new UnavailableError(`${url.origin}${url.pathname} gave no token in ${tries} tries: ${failure.reason}`, {
          cause: failure.cause,
          hint: 'Check the connection and BANDWIDTH_TOKEN_URL; if both are right, Bandwidth is down: try again later.',
        });
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
          consume: (streamed) => readBody(streamed, wire.maxBodyBytes),
        });
        if (response.status === 408 || response.status === 429 || response.status >= 500) {
          return { reason: `status ${response.status}` };
        }
        return { token: parse(response) };
      } catch (cause) {
        if (cause instanceof BrokenBodyError || cause instanceof ExchangeFailure) {
          return { reason: messageOf(cause), cause };
        }
        throw cause;
      }
    }
  };
}
